// What the hub, or whoever answers in its place, says that a repository holds.
#include "models/hub_listing.h"

#include "tests/fuzz/expect.h"

using namespace plimsoll;

namespace {

// It becomes a folder's name.
void expect_name(const std::string& name) {
  fuzz::expect(!name.empty() && name.find('/') == std::string::npos && !name.starts_with('.'),
               "a model's name that leads nowhere else", name);
  fuzz::expect(name.find('\0') == std::string::npos, "a model's name without an end in it", name);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto listing = models::parse_listing(fuzz::text_of(data, size));
  if (!listing) return fuzz::expect_sentence(listing.error().message), 0;
  for (const char* file : {"", "Q4_K_M", "model.gguf"}) {
    const auto model = models::choose_files(*listing, {.repository = "owner/model", .file = file});
    if (model) expect_name(model->name);
  }
  return 0;
}
