// The first lines of an HTTP request, as the reception looks at them.
#include "server/request_head.h"

#include "tests/fuzz/expect.h"

using namespace plimsoll;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  const auto head = server::read_head(input);
  fuzz::expect(head.has_value() == (input.find("\r\n\r\n") != std::string_view::npos),
               "a head where it ends");
  if (!head) return 0;
  fuzz::expect(head->bytes <= size, "a head within the input");
  fuzz::expect(head->method.size() + head->path.size() <= head->bytes, "a path within the head");
  fuzz::expect(head->path.find('?') == std::string_view::npos, "a path without its query", head->path);
  fuzz::expect(head->ambiguous || !(head->chunked && head->content_length), "one framing");
  return 0;
}
