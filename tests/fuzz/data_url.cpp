// Addresses of pictures and videos, and base64, which has one text for the same bytes only.
#include "base/base64.h"
#include "server/media_source.h"
#include "tests/base64_text.h"
#include "tests/fuzz/question_check.h"

using namespace plimsoll;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto bytes = decode_base64(text)) {
    fuzz::expect(test::base64(*bytes) == text, "base64 that encodes to what it was", text);
  }
  fuzz::expect(decode_base64(test::base64(text)) == text, "bytes that come back", text);
  const auto picture = server::picture_from_url(text, "image_url", nullptr);
  if (!picture) fuzz::expect_refusal(picture.error());
  const auto video = server::video_from_url(text, "video_url");
  if (!video) fuzz::expect_refusal(video.error());
  return 0;
}
