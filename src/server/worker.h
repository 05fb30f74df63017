// The worker's side: an engine in a process of its own that does what comes through a socket.
#pragma once

namespace plimsoll::server {

/// Blocking until the server ends it or the socket does. Returns the process's exit code.
/// REQUIRES: `descriptor` is the socket's, and no other thread runs yet.
///
/// From the server: open (first), generate, load, plan, cancel, unload, steps, stop. To it: ready or failed
/// (to open), then memory, progress, text, and for each generate, load and plan one answer, loaded, planned
/// or failed with its id.
int run_worker(int descriptor);

}  // namespace plimsoll::server
