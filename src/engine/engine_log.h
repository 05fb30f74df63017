// What llama.cpp, ggml and mtmd print: to the log at debug level, never to the user's terminal, with the
// first complaint kept so that an error of ours can say why; those that follow only say that something
// failed.
#pragma once

#include <string>

namespace plimsoll::engine {

/// Redirects the three libraries' logs, once for the process, and forgets this thread's complaint.
/// Thread-safe.
void capture_engine_log();

/// The first complaint on this thread since the last call, one line; empty if there was none.
std::string take_engine_complaint();

}  // namespace plimsoll::engine
