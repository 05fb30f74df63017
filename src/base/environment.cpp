#include "base/environment.h"

#include <cstdlib>

namespace plimsoll {

Environment process_environment() {
  return [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
}

}  // namespace plimsoll
