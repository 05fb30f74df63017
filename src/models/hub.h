// Hugging Face, or whoever answers in its place at $HF_ENDPOINT: how a repository is named, and the URLs of
// what it holds. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/environment.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

struct Hub {
  std::string endpoint;  // without a slash at its end
  std::string token;     // empty: none
};

/// $HF_ENDPOINT (https://huggingface.co where it is not set) and $HF_TOKEN.
Hub hub_of(const Environment& environment);

struct HubReference {
  std::string repository;  // OWNER/REPO
  std::string file{};      // a .gguf file, a quantisation such as Q4_K_M, or empty
};

/// Whether it is meant to be one: begins with "hf:".
bool is_hub_reference(std::string_view text);

/// Reads hf:OWNER/REPO or hf:OWNER/REPO:FILE. Fails with `invalid_argument`.
Expected<HubReference> parse_hub_reference(std::string_view text);

std::string listing_url(const Hub& hub, const std::string& repository);
std::string file_url(const Hub& hub, const std::string& repository, const std::string& revision,
                     const std::string& path);

}  // namespace plimsoll::models
