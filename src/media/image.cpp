// libvips does the work: it scales while it decodes, so a picture is never held at full size unless
// its file format leaves no other way. This file decides what libvips may see, charges what it will
// need before it starts, and turns its failures into sentences.
#include <plimsoll/media.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "media/image_format.h"
#include "media/libvips.h"
#include "media/picture_bytes.h"
#include "media/webp_header.h"

namespace plimsoll {
namespace {

using media::ImageFormat;
using media::Object;
using media::PictureBytes;
using media::take_libvips_detail;

constexpr int kChannels = 3;
constexpr int kMaxLongestSide = 65536;

// What libvips holds beside the picture's rows: its threads, decoder tables, colour tables.
constexpr std::uint64_t kFixedWorkingBytes = 6ULL << 20;
// Rows of the picture, as the decoder gives them, in flight between it and the last row written. Measured
// with libvips 8.14.1, widths of 8000 and 30000 pixels, longest sides of 384 to 8000: 250 to 716.
constexpr std::uint64_t kWorkingRows = 768;

struct Size {
  int width = 0, height = 0;
  std::uint64_t pixels() const {
    return static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height);
  }
};

/// The value of white, and of an alpha that hides all, where every band has it: in RGB and grey.
std::optional<double> white_of(const VipsImage* picture) {
  const VipsInterpretation kind = vips_image_get_interpretation(picture);
  if (kind == VIPS_INTERPRETATION_sRGB || kind == VIPS_INTERPRETATION_B_W) return 255;
  if (kind == VIPS_INTERPRETATION_RGB16 || kind == VIPS_INTERPRETATION_GREY16) return 65535;
  return std::nullopt;
}

bool header_flag(VipsImage* header, const char* name) {
  int value = 0;
  if (vips_image_get_typeof(header, name) != G_TYPE_INT) return false;
  return vips_image_get_int(header, name, &value) == 0 && value != 0;
}

/// One picture on its way. Lives for one call of decode_image().
class Decoding {
 public:
  Decoding(std::string name, const PictureBytes& bytes, int longest_side, MemoryPool& pool,
           const std::atomic<bool>* cancelled)
      : name_(std::move(name)),
        bytes_(bytes),
        longest_side_(longest_side),
        pool_(pool),
        cancelled_(cancelled) {}

  Expected<Image> run();

 private:
  bool cancelled() const;
  tl::unexpected<Error> failure();
  tl::unexpected<Error> refused(Error by_pool) const;
  std::optional<Error> interruption() const;

  Expected<void> sniff();
  Expected<void> hold_compressed_bytes();
  std::span<const std::byte> compressed() const;
  Object<VipsSource> make_source();
  Object<VipsImage> open_picture(double shrink);
  Expected<Object<VipsImage>> open();
  Expected<Object<VipsImage>> open_webp();
  Expected<void> check_size() const;
  double shrink_on_load() const;
  std::uint64_t working_bytes(VipsImage* header, double shrink) const;
  std::uint64_t output_bytes() const;
  Object<VipsImage> scaled(VipsImage* picture) const;
  Expected<Image> write(VipsImage* picture);

  static gint64 on_read(VipsSourceCustom*, void* into, gint64 length, gpointer self);
  static gint64 on_seek(VipsSourceCustom*, gint64 offset, int whence, gpointer self);
  static void on_progress(VipsImage* picture, VipsProgress*, gpointer self);

  const std::string name_;
  const PictureBytes& bytes_;
  const int longest_side_;
  MemoryPool& pool_;
  const std::atomic<bool>* cancelled_;

  std::array<std::byte, media::kImageFormatHeadBytes> head_{};
  ImageFormat format_ = ImageFormat::jpeg;
  Size size_;  // as it lies in the file
  bool plain_webp_ = false;
  Buffer compressed_;          // only of a format that libvips wants in one piece
  std::int64_t position_ = 0;  // of the source that libvips reads
  std::atomic<int> read_errno_{0};
  mutable std::atomic<unsigned> looks_{0};  // at the flag
};

// Threads of libvips look at the flag, and the last look of the thread that called us comes after theirs: the
// flag may go when decode_image() has returned. How libvips ends its threads is not for us to know.
bool Decoding::cancelled() const {
  const bool wanted = cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed);
  looks_.fetch_add(1, std::memory_order_acq_rel);
  return wanted;
}

std::optional<Error> Decoding::interruption() const {
  if (cancelled()) return Error{ErrorCode::cancelled, name_ + ": the decoding was cancelled"};
  if (const int reason = read_errno_.load(); reason != 0) {
    return Error{ErrorCode::io, name_ + ": the file can not be read (" + std::strerror(reason) + ")"};
  }
  return std::nullopt;
}

tl::unexpected<Error> Decoding::failure() {
  const std::string detail = take_libvips_detail();
  if (auto stopped = interruption()) return tl::unexpected(*std::move(stopped));
  if (detail.find("out of memory") != std::string::npos) {
    return fail(ErrorCode::out_of_memory, name_ + ": the system has no memory left to decode this picture");
  }
  const std::string reason = detail.empty() ? "" : " (" + detail + ")";
  return fail(ErrorCode::invalid_argument, name_ + ": the picture is cut short or damaged" + reason);
}

tl::unexpected<Error> Decoding::refused(Error by_pool) const {
  by_pool.message = name_ + ": " + by_pool.message;
  return tl::unexpected(std::move(by_pool));
}

Expected<void> Decoding::sniff() {
  const std::int64_t count = bytes_.read_at(0, head_);
  if (count < 0) {
    read_errno_ = errno;
    return tl::unexpected(*interruption());
  }
  const auto format = media::sniff_image_format(std::span(head_).first(static_cast<std::size_t>(count)));
  if (!format) {
    return fail(ErrorCode::invalid_argument,
                name_ + ": not a picture this program reads (JPEG, PNG, WebP, GIF, TIFF)");
  }
  format_ = *format;
  return {};
}

// libvips would map such a file, and a file that shrinks while it is mapped ends the process.
Expected<void> Decoding::hold_compressed_bytes() {
  const bool in_one_piece = format_ == ImageFormat::webp || format_ == ImageFormat::gif;
  if (!in_one_piece || !bytes_.is_file()) return {};
  auto buffer = pool_.allocate(MemoryHolder::media, bytes_.size());
  if (!buffer) return refused(buffer.error());
  compressed_ = *std::move(buffer);
  position_ = 0;
  while (position_ < static_cast<std::int64_t>(bytes_.size())) {
    const std::int64_t rest = static_cast<std::int64_t>(bytes_.size()) - position_;
    const auto count =
        on_read(nullptr, compressed_.data() + position_, std::min<std::int64_t>(rest, 1 << 20), this);
    if (count < 0) return tl::unexpected(*interruption());
    if (count == 0) return fail(ErrorCode::io, name_ + ": the file became shorter while it was read");
  }
  return {};
}

gint64 Decoding::on_read(VipsSourceCustom*, void* into, gint64 length, gpointer self) {
  auto& decoding = *static_cast<Decoding*>(self);
  if (decoding.cancelled()) {
    errno = ECANCELED;
    return -1;
  }
  const std::span buffer(static_cast<std::byte*>(into), static_cast<std::size_t>(length));
  const auto count = decoding.bytes_.read_at(static_cast<std::uint64_t>(decoding.position_), buffer);
  if (count < 0) {
    decoding.read_errno_ = errno;
    return -1;
  }
  decoding.position_ += count;
  return count;
}

gint64 Decoding::on_seek(VipsSourceCustom*, gint64 offset, int whence, gpointer self) {
  auto& decoding = *static_cast<Decoding*>(self);
  const auto size = static_cast<gint64>(decoding.bytes_.size());
  gint64 base = 0;
  if (whence == SEEK_CUR) base = decoding.position_;
  if (whence == SEEK_END) base = size;
  // Damaged TIFF files send us anywhere.
  if (offset < -base || offset > std::numeric_limits<gint64>::max() - base) return -1;
  decoding.position_ = base + offset;
  return decoding.position_;
}

// Not heard inside a frame of WebP or GIF, which is decoded in one call: 160 ms for 12 megapixels. The
// other formats also stop at their next read.
void Decoding::on_progress(VipsImage* picture, VipsProgress*, gpointer self) {
  if (static_cast<const Decoding*>(self)->cancelled()) vips_image_set_kill(picture, TRUE);
}

/// REQUIRES: hold_compressed_bytes() has held them, or they were in memory before.
std::span<const std::byte> Decoding::compressed() const {
  if (!bytes_.is_file()) return bytes_.memory();
  return {compressed_.data(), static_cast<std::size_t>(bytes_.size())};
}

Object<VipsSource> Decoding::make_source() {
  if (format_ == ImageFormat::webp || format_ == ImageFormat::gif) {
    return Object<VipsSource>(vips_source_new_from_memory(compressed().data(), compressed().size()));
  }
  position_ = 0;
  VipsSourceCustom* source = vips_source_custom_new();
  if (source != nullptr) {
    g_signal_connect(source, "read", G_CALLBACK(&Decoding::on_read), this);
    g_signal_connect(source, "seek", G_CALLBACK(&Decoding::on_seek), this);
  }
  return Object<VipsSource>(source == nullptr ? nullptr : VIPS_SOURCE(source));
}

/// Reads the header. Rows are decoded when somebody asks for them.
Object<VipsImage> Decoding::open_picture(double shrink) {
  const Object<VipsSource> source = make_source();
  if (!source) return nullptr;
  VipsImage* out = nullptr;
  const auto load = [&](auto loader, auto... options) {
    return loader(source.get(), &out, options..., "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                  VIPS_FAIL_ON_ERROR, nullptr);
  };
  int failed = -1;
  switch (format_) {
    case ImageFormat::jpeg:
      failed = load(vips_jpegload_source, "shrink", static_cast<int>(shrink));
      break;
    case ImageFormat::png:
      failed = load(vips_pngload_source);
      break;
    case ImageFormat::webp:
      failed = load(vips_webpload_source, "scale", 1.0 / shrink);
      break;
    case ImageFormat::gif:
      failed = load(vips_gifload_source);
      break;
    case ImageFormat::tiff:
      failed = load(vips_tiffload_source);
      break;
  }
  Object<VipsImage> picture(out);
  if (failed != 0) return nullptr;
  return picture;
}

Expected<Object<VipsImage>> Decoding::open() {
  Object<VipsImage> picture = open_picture(1);
  if (!picture) return failure();
  size_ = {picture->Xsize, picture->Ysize};
  if (auto fits = check_size(); !fits) return tl::unexpected(fits.error());
  return picture;
}

// libvips makes room for all of it already here: it is opened at the size that is wanted.
Expected<Object<VipsImage>> Decoding::open_webp() {
  const auto header = media::read_webp_header(compressed());
  if (!header) return failure();
  size_ = {header->width, header->height};
  plain_webp_ = header->plain;
  if (auto fits = check_size(); !fits) return tl::unexpected(fits.error());
  Object<VipsImage> picture = open_picture(shrink_on_load());
  if (!picture) return failure();
  return picture;
}

Expected<void> Decoding::check_size() const {
  const std::uint64_t pixels = size_.pixels();
  if (pixels <= kMaxImagePixels) return {};
  constexpr std::uint64_t kMega = 1'000'000;
  return fail(ErrorCode::invalid_argument,
              name_ + ": " + std::to_string(size_.width) + "x" + std::to_string(size_.height) + " is " +
                  std::to_string((pixels + kMega - 1) / kMega) + " megapixels, the limit is " +
                  std::to_string(kMaxImagePixels / kMega) + "; scale it down first");
}

// Never so far that a side has no pixel left: libvips 8.14 ends the process over such a picture. A JPEG
// keeps a factor of two for the better filter that follows, as vips_thumbnail() does.
double Decoding::shrink_on_load() const {
  const double wanted = static_cast<double>(std::max(size_.width, size_.height)) / longest_side_;
  const double most = std::min(size_.width, size_.height);
  if (format_ == ImageFormat::webp) return std::clamp(wanted, 1.0, most);
  if (format_ != ImageFormat::jpeg) return 1;
  for (const int shrink : {8, 4, 2}) {
    if (wanted >= 2 * shrink && most >= shrink) return shrink;
  }
  return 1;
}

// An upper bound, from the header alone:
//   always            the fixed part and kWorkingRows rows as they come from the decoder, as floats where
//                     the colours are neither RGB nor grey
//   progressive JPEG  every coefficient, 16 bits a sample, at full size
//   interlaced PNG    the decoded picture
//   WebP              the scaled picture; with alpha or lossless also the full one at 4 bytes a pixel
//   GIF               two canvases of 4 bytes a pixel
//   TIFF              the decoded picture: one strip may be all of it
std::uint64_t Decoding::working_bytes(VipsImage* header, double shrink) const {
  const std::uint64_t pixels = size_.pixels();
  const auto bands = static_cast<std::uint64_t>(header->Bands);
  const std::uint64_t pixel_bytes = vips_format_sizeof(header->BandFmt) * bands;
  const std::uint64_t whole = pixels * pixel_bytes;
  const std::uint64_t canvas = pixels * 4;
  const std::uint64_t row_pixel_bytes = white_of(header) ? pixel_bytes : std::max(pixel_bytes, bands * 4);
  const double row = static_cast<double>(row_pixel_bytes) * size_.width / shrink;
  const double row_count = std::min(static_cast<double>(kWorkingRows), size_.height / shrink + 1);
  const std::uint64_t rows = kFixedWorkingBytes + static_cast<std::uint64_t>(row * row_count);
  const bool interlaced = header_flag(header, "interlaced") || header_flag(header, "jpeg-multiscan");
  switch (format_) {
    case ImageFormat::jpeg:
      return rows + (interlaced ? whole * 2 : 0);
    case ImageFormat::png:
      return rows + (interlaced ? whole : 0);
    case ImageFormat::webp:
      return rows + static_cast<std::uint64_t>(static_cast<double>(canvas) / (shrink * shrink)) +
             (plain_webp_ ? 0 : canvas);
    case ImageFormat::gif:
      return rows + canvas * 2;
    case ImageFormat::tiff:
      return rows + whole;
  }
  return rows + whole;
}

std::uint64_t Decoding::output_bytes() const {
  const double width = size_.width;
  const double height = size_.height;
  const double shrink = std::max(1.0, std::max(width, height) / longest_side_);
  const auto side = [&](double full) { return static_cast<std::uint64_t>(full / shrink) + 1; };
  return side(width) * side(height) * std::uint64_t{kChannels};
}

/// Replaces `picture` by what `step` makes of it; leaves nothing when that fails.
template <typename Operation>
void apply(Object<VipsImage>& picture, Operation step) {
  VipsImage* out = nullptr;
  const int failed = picture ? step(picture.get(), &out) : -1;
  picture.reset(failed == 0 ? out : nullptr);
}

int flatten_over(double white, VipsImage* in, VipsImage** out) {
  VipsArrayDouble* background = vips_array_double_new(&white, 1);
  const int failed = vips_flatten(in, out, "background", background, "max_alpha", white, nullptr);
  vips_area_unref(VIPS_AREA(background));
  return failed;
}

/// The pipeline: turned upright, scaled, in sRGB, three bytes a pixel.
Object<VipsImage> Decoding::scaled(VipsImage* picture) const {
  Object<VipsImage> out(VIPS_IMAGE(g_object_ref(picture)));
  const bool has_profile = vips_image_get_typeof(picture, VIPS_META_ICC_NAME) != 0;
  // Before the scaling: the result is the same, and libvips need not scale four bands of floats.
  if (const auto white = white_of(picture); white && vips_image_hasalpha(picture)) {
    apply(out, [&](VipsImage* in, VipsImage** made) { return flatten_over(*white, in, made); });
  }
  apply(out, [&](VipsImage* in, VipsImage** made) {
    if (has_profile) {
      return vips_thumbnail_image(in, made, longest_side_, "size", VIPS_SIZE_DOWN, "export_profile", "srgb",
                                  nullptr);
    }
    return vips_thumbnail_image(in, made, longest_side_, "size", VIPS_SIZE_DOWN, nullptr);
  });
  if (out && vips_image_get_interpretation(out.get()) != VIPS_INTERPRETATION_sRGB) {
    apply(out, [](VipsImage* in, VipsImage** made) {
      return vips_colourspace(in, made, VIPS_INTERPRETATION_sRGB, nullptr);
    });
  }
  if (out && vips_image_hasalpha(out.get())) {
    apply(out, [](VipsImage* in, VipsImage** made) { return flatten_over(255, in, made); });
  }
  if (out && vips_image_get_bands(out.get()) > kChannels) {
    apply(out, [](VipsImage* in, VipsImage** made) {
      return vips_extract_band(in, made, 0, "n", kChannels, nullptr);
    });
  }
  if (out && vips_image_get_format(out.get()) != VIPS_FORMAT_UCHAR) {
    apply(out, [](VipsImage* in, VipsImage** made) { return vips_cast_uchar(in, made, nullptr); });
  }
  return out;
}

/// Decodes, into memory of the pool and nowhere else.
Expected<Image> Decoding::write(VipsImage* picture) {
  // libvips trusts the size that it is told: one more band would write past the buffer.
  if (vips_image_get_bands(picture) != kChannels || vips_image_get_format(picture) != VIPS_FORMAT_UCHAR) {
    return fail(ErrorCode::invalid_argument, name_ + ": its kind of pixels can not be turned into RGB");
  }
  Image image{vips_image_get_width(picture), vips_image_get_height(picture), {}};
  const std::size_t bytes =
      static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * std::size_t{kChannels};
  auto pixels = pool_.allocate(MemoryHolder::media, bytes);
  if (!pixels) return refused(pixels.error());
  image.pixels = *std::move(pixels);
  const Object<VipsImage> target(vips_image_new_from_memory(image.pixels.data(), bytes, image.width,
                                                            image.height, kChannels, VIPS_FORMAT_UCHAR));
  if (!target || vips_image_write(picture, target.get()) != 0) return failure();
  if (auto stopped = interruption()) return tl::unexpected(*std::move(stopped));
  return image;
}

Expected<Image> Decoding::run() {
  if (auto stopped = interruption()) return tl::unexpected(*std::move(stopped));
  if (auto sniffed = sniff(); !sniffed) return tl::unexpected(sniffed.error());
  if (auto held = hold_compressed_bytes(); !held) return tl::unexpected(held.error());
  auto opened = format_ == ImageFormat::webp ? open_webp() : open();
  if (!opened) return tl::unexpected(opened.error());
  Object<VipsImage> picture = *std::move(opened);

  const double shrink = shrink_on_load();
  const std::uint64_t working = working_bytes(picture.get(), shrink);
  const std::uint64_t output = output_bytes();
  // A turned picture passes through a copy of its scaled self.
  const std::uint64_t turned = vips_image_get_orientation(picture.get()) > 1 ? output : 0;
  auto reservation = pool_.reserve(MemoryHolder::media, working + turned + output);
  if (!reservation) return refused(reservation.error());
  if (shrink > 1 && format_ != ImageFormat::webp) {
    picture.reset();
    picture = open_picture(shrink);
    if (!picture) return failure();
  }

  vips_image_set_progress(picture.get(), TRUE);
  g_signal_connect(picture.get(), "eval", G_CALLBACK(&Decoding::on_progress), this);
  const Object<VipsImage> upright = scaled(picture.get());
  if (!upright) return failure();
  reservation->shrink_to(working + turned);
  return write(upright.get());
}

}  // namespace

std::string ImageSource::name() const {
  const auto* path = std::get_if<std::filesystem::path>(&content);
  if (path != nullptr) return path->string();
  return label.empty() ? "picture" : label;
}

Expected<Image> decode_image(const ImageSource& source, int longest_side, MemoryPool& pool,
                             const std::atomic<bool>* cancelled) {
  if (longest_side < 1 || longest_side > kMaxLongestSide) {
    return fail(ErrorCode::invalid_argument, source.name() + ": the longest side must be 1 to " +
                                                 std::to_string(kMaxLongestSide) + " pixels");
  }
  if (!media::start_libvips()) {
    return fail(ErrorCode::internal, "libvips did not start (" + take_libvips_detail() + ")");
  }
  auto bytes = PictureBytes::open(source);
  if (!bytes) return tl::unexpected(bytes.error());
  auto image = Decoding(source.name(), *bytes, longest_side, pool, cancelled).run();
  vips_error_clear();
  return image;
}

}  // namespace plimsoll
