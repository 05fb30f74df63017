// Fields of a request's JSON, read with their type and range checked. An absent field and `null` are the
// same: empty. Every failure names the field. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/evaluator.h"
#include "server/api_error.h"

namespace plimsoll::server {

/// A field and what messages call it: `at("temperature")` of `options` is "options.temperature".
class Fields {
 public:
  /// REQUIRES: `object` is one, and outlives this.
  explicit Fields(const Json& object, std::string path = {}) : object_(object), path_(std::move(path)) {}

  /// nullptr: absent, or null.
  const Json* find(const std::string& name) const;
  std::string path_of(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }

  ApiExpected<std::optional<std::string>> text(const std::string& name) const;
  ApiExpected<bool> flag(const std::string& name, bool otherwise) const;
  ApiExpected<std::optional<float>> number(const std::string& name, float least, float most) const;
  /// At least 1; what is too much for an int is the largest one.
  ApiExpected<std::optional<int>> count(const std::string& name) const;
  ApiExpected<std::optional<std::uint32_t>> seed(const std::string& name) const;
  /// A text or up to 4, none of them empty.
  ApiExpected<std::vector<std::string>> stop(const std::string& name) const;

 private:
  const Json& object_;
  std::string path_;
};

/// temperature (0 to 2), top_p (above 0, up to 1), seed and stop into `request`.
ApiExpected<void> read_sampling(const Fields& fields, GenerationRequest& request);

}  // namespace plimsoll::server
