// Environment variables, handed in so that a test declares its own. Thread-safe as long as nobody sets one.
#pragma once

#include <functional>
#include <string>

namespace plimsoll {

/// The value of a variable; empty where it is not set, which means the same to all who ask.
using Environment = std::function<std::string(const char* name)>;

/// This process's own.
Environment process_environment();

}  // namespace plimsoll
