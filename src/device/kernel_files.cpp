#include "device/kernel_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <limits>

#include "base/file_descriptor.h"

namespace plimsoll::device {
namespace {

// A host with ten thousand mounts has a mountinfo of 2 MiB; nothing else comes near.
constexpr std::size_t kLargestFileBytes = std::size_t{16} * 1024 * 1024;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// What follows `key` on the first line that begins with it.
std::optional<std::string_view> find_value(std::string_view text, std::string_view key) {
  while (const auto line = take_line(text)) {
    if (line->starts_with(key)) return line->substr(key.size());
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> KernelFiles::read(const std::filesystem::path& path) const {
  const FileDescriptor file(::open(on_disk(path).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;

  // stat() says 0 bytes for these files, so read until the end.
  std::string content;
  std::array<char, 4096> chunk{};
  while (content.size() <= kLargestFileBytes) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count == 0) return content;
    if (count > 0) {
      content.append(chunk.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> KernelFiles::read_number(const std::filesystem::path& path) const {
  const auto content = read(path);
  return content ? parse_number(*content) : std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  text = trim(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::string_view> take_line(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key) {
  const auto value = find_value(text, std::string(key) + " ");
  return value ? parse_number(*value) : std::nullopt;
}

std::optional<std::uint64_t> find_kib_as_bytes(std::string_view text, std::string_view key) {
  constexpr std::string_view kUnit = " kB";
  const auto value = find_value(text, std::string(key) + ":");
  if (!value) return std::nullopt;
  const std::string_view amount = trim(*value);
  if (!amount.ends_with(kUnit)) return std::nullopt;
  const auto kib = parse_number(amount.substr(0, amount.size() - kUnit.size()));
  if (!kib || *kib > std::numeric_limits<std::uint64_t>::max() / 1024) return std::nullopt;
  return *kib * 1024;
}

}  // namespace plimsoll::device
