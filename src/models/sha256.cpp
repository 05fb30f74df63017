#include "models/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/file_descriptor.h"

namespace plimsoll::models {

namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Expected<std::string> sha256_of(const std::filesystem::path& path, const CancelFlag& cancel,
                                const std::function<void(std::uint64_t)>& on_progress) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return fail(ErrorCode::io, path.string() + ": " + std::strerror(errno));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1) {
    return fail(ErrorCode::internal, "OpenSSL knows no SHA-256 here");
  }
  std::vector<unsigned char> block(kBlockBytes);
  std::uint64_t done = 0;
  for (;;) {
    if (cancel.cancelled()) return fail(ErrorCode::cancelled, path.string() + ": stopped while checking");
    const auto count = ::read(file.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorCode::io, path.string() + ": " + std::strerror(errno));
    if (count == 0) break;
    EVP_DigestUpdate(hash.get(), block.data(), static_cast<std::size_t>(count));
    done += static_cast<std::uint64_t>(count);
    if (on_progress) on_progress(done);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_DigestFinal_ex(hash.get(), digest.data(), &length);
  return hexadecimal(digest.data(), length);
}

}  // namespace plimsoll::models
