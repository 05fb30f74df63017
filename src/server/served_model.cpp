#include "server/served_model.h"

#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace plimsoll::server {

namespace {

constexpr std::string_view kLatest = ":latest";

std::string_view without_latest(std::string_view name) {
  return name.ends_with(kLatest) ? name.substr(0, name.size() - kLatest.size()) : name;
}

std::string hash_of(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::string hex;
  for (const unsigned char byte : hash) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 0xF];
  }
  return hex;
}

}  // namespace

bool ServedModel::answers_to(std::string_view asked) const {
  return asked.empty() || without_latest(asked) == without_latest(name);
}

ServedModel served_model(const ModelFiles& files) {
  ServedModel model{.name = files.name, .digest = {}, .sees = !files.vision.empty()};
  std::string identity;
  for (const auto& path : {files.text, files.vision}) {
    struct stat status{};
    if (path.empty() || ::stat(path.c_str(), &status) != 0) continue;
    model.file_bytes += static_cast<std::uint64_t>(status.st_size);
    model.modified = std::max<std::int64_t>(model.modified, status.st_mtime);
    identity += path.filename().string() + '\0' + std::to_string(status.st_size) + '\0' +
                std::to_string(status.st_mtime) + '\0';
  }
  model.digest = hash_of(identity);
  return model;
}

}  // namespace plimsoll::server
