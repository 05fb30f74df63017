#include "server/response_format.h"

#include <json-schema-to-grammar.h>

#include <exception>

namespace plimsoll::server {

namespace {

// A schema may ask for repetitions that no answer could have; as a grammar they would take the sampler's
// memory.
constexpr std::size_t kMaxGrammarBytes = 256 * 1024;

// What "json_object" promises.
Json any_object() { return {{"type", "object"}}; }

ApiExpected<std::string> grammar_of_schema(const Json& schema, const std::string& param) {
  if (!schema.is_object()) return refuse(param, param + " must be a JSON schema, an object");
  try {
    std::string grammar = json_schema_to_grammar(common_json::parse(schema.dump()), true);
    if (grammar.size() > kMaxGrammarBytes) {
      return refuse(param, param + ": this schema is too large; use fewer properties or shorter ranges");
    }
    return grammar;
  } catch (const std::exception& error) {
    return refuse(param, param + ": this schema can not be followed: " + quoted_line(error.what()));
  }
}

}  // namespace

ApiExpected<std::string> grammar_of_response_format(const Fields& fields) {
  const Json* format = fields.find("response_format");
  if (format == nullptr) return std::string();
  const std::string path = fields.path_of("response_format");
  if (!format->is_object()) return refuse(path, path + " must be an object with a type");
  const Fields parts(*format, path);
  const auto type = parts.text("type");
  if (!type) return tl::unexpected(type.error());
  if (*type == "text") return std::string();
  if (*type == "json_object") return grammar_of_schema(any_object(), path);
  if (*type != "json_schema") {
    return refuse(path + ".type", path + ".type must be \"text\", \"json_object\" or \"json_schema\"");
  }
  const Json* description = parts.find("json_schema");
  const std::string schema_path = path + ".json_schema.schema";
  if (description == nullptr || !description->is_object()) {
    return refuse(path + ".json_schema", path + ".json_schema must be an object with a schema");
  }
  const Json* schema = Fields(*description).find("schema");
  if (schema == nullptr) return refuse(schema_path, schema_path + " is missing");
  return grammar_of_schema(*schema, schema_path);
}

ApiExpected<std::string> grammar_of_format(const Fields& fields) {
  const Json* format = fields.find("format");
  if (format == nullptr || *format == "") return std::string();
  if (*format == "json") return grammar_of_schema(any_object(), "format");
  if (!format->is_object()) return refuse("format", "format must be \"json\" or a JSON schema");
  return grammar_of_schema(*format, "format");
}

}  // namespace plimsoll::server
