// Many small pieces of work that several threads share.
#pragma once

#include <cstddef>
#include <functional>

namespace plimsoll {

/// Does `work(i)` once for each i below `count`, on `threads` threads of which the caller's is one, or on as
/// many as the system has room for. Blocking, until all have ended. After each piece of its own the caller's
/// thread asks `go_on(done)`, with the number of those that are done; if that says no, the ones that were not
/// begun are left out. Returns whether all were done. REQUIRES: `work` is thread-safe and does not throw.
bool share_work(std::size_t count, int threads, const std::function<void(std::size_t index)>& work,
                const std::function<bool(std::size_t done)>& go_on);

}  // namespace plimsoll
