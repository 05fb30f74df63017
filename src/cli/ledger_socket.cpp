#include "cli/ledger_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "pressure/wake_pipe.h"

namespace plimsoll::cli {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostWatchers = 16;

struct Listener {
  fs::path path;
  FileDescriptor socket;
};

// The name appears when the socket listens already: a watcher takes one that refuses for a dead program's.
Expected<Listener> listen_in(const fs::path& folder) {
  if (auto made = make_private_folder(folder); !made) return tl::unexpected(made.error());
  Listener listener{folder / (std::to_string(::getpid()) + ".sock"), make_socket()};
  const fs::path hidden = fs::path(listener.path).replace_extension(".new");
  const auto address = socket_address(hidden);
  if (!address) return tl::unexpected(address.error());
  ::unlink(hidden.c_str());
  if (::bind(listener.socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0 ||
      ::listen(listener.socket.get(), static_cast<int>(kMostWatchers)) != 0 ||
      ::rename(hidden.c_str(), listener.path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    ::unlink(hidden.c_str());
    return fail(ErrorCode::io, hidden.string() + ": " + reason);
  }
  return listener;
}

Expected<Listener> listen_in_first(const std::vector<fs::path>& folders) {
  Expected<Listener> listener = fail(ErrorCode::io, "there is no folder for it");
  for (const fs::path& folder : folders) {
    listener = listen_in(folder);
    if (listener) break;
    spdlog::debug("no ledger to watch in {}", listener.error().message);
  }
  return listener;
}

// Somebody who watches. Never waited for: one that reads too slowly misses lines, never a part of one.
class Watcher {
 public:
  explicit Watcher(FileDescriptor stream) : stream_(std::move(stream)) {}

  bool is_gone() const { return gone_; }
  pollfd wants() const {
    return {stream_.get(), static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
  }

  void tell(const TakeSnapshot& take) {
    if (gone_ || !unsent_.empty()) return;
    const LedgerSnapshot snapshot = take(last_reclaim_);
    if (!snapshot.reclaims.empty()) last_reclaim_ = snapshot.reclaims.back().sequence;
    unsent_ = snapshot_line(snapshot) + "\n";
    send_more();
  }

  // A watcher has nothing to say: what comes in is its end.
  void on_ready(short events) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !pressure::drain_descriptor(stream_.get()))
      gone_ = true;
    if (!gone_ && (events & POLLOUT) != 0) send_more();
  }

 private:
  void send_more() {
    while (!unsent_.empty()) {
      const auto count = ::write(stream_.get(), unsent_.data(), unsent_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) gone_ = errno != EAGAIN;
      if (count < 0) return;
      unsent_.erase(0, static_cast<std::size_t>(count));
    }
  }

  FileDescriptor stream_;
  std::string unsent_;
  std::uint64_t last_reclaim_ = 0;
  bool gone_ = false;
};

}  // namespace

struct LedgerSocket::Impl {
  Impl(Listener made, TakeSnapshot given, std::chrono::milliseconds each)
      : listener(std::move(made)), take(std::move(given)), interval(each), thread([this] { run(); }) {}
  ~Impl() {
    stopping = true;
    wake.wake();
    thread.join();
    ::unlink(listener.path.c_str());
  }

  void run() {
    // Signals belong to others; a blocked SIGPIPE leaves write() with EPIPE.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!stopping) {
      wait();
      if (Clock::now() >= next_line) {
        next_line = Clock::now() + interval;
        for (Watcher& watcher : watchers) watcher.tell(take);
      }
      std::erase_if(watchers, [](const Watcher& watcher) { return watcher.is_gone(); });
    }
  }

  // Until there is something to do; for ever while nobody watches.
  void wait() {
    std::vector<pollfd> set{{wake.descriptor(), POLLIN, 0}, {listener.socket.get(), POLLIN, 0}};
    for (const Watcher& watcher : watchers) set.push_back(watcher.wants());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_line - Clock::now()).count();
    const int timeout = watchers.empty() ? -1 : static_cast<int>(std::max(left, decltype(left){0}));
    if (::poll(set.data(), static_cast<nfds_t>(set.size()), timeout) <= 0) return;
    for (std::size_t i = 0; i < watchers.size(); ++i) watchers[i].on_ready(set[i + 2].revents);
    if (set[1].revents != 0) accept_watcher();
  }

  void accept_watcher() {
    FileDescriptor stream(::accept(listener.socket.get(), nullptr, nullptr));
    if (!stream.is_open()) {
      // Without a descriptor left the caller stays at the door, and poll(2) would never sleep again.
      if (errno == EMFILE || errno == ENFILE) listener.socket = {};
      return;
    }
    if (watchers.size() >= kMostWatchers) return;
    ::fcntl(stream.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(stream.get(), F_SETFD, FD_CLOEXEC);
    if (watchers.empty()) next_line = Clock::now() + interval;
    watchers.emplace_back(std::move(stream)).tell(take);
  }

  Listener listener;
  TakeSnapshot take;
  std::chrono::milliseconds interval;
  std::vector<Watcher> watchers;
  Clock::time_point next_line{};
  pressure::WakePipe wake;
  std::atomic<bool> stopping{false};
  std::thread thread;  // last, because it uses the others
};

LedgerSocket::LedgerSocket(TakeSnapshot take, LedgerSocketOptions options) {
  connect_to_ledgers(options.folders);  // removes what killed programs left behind
  auto listener = listen_in_first(options.folders);
  if (!listener) return;
  const fs::path path = listener->path;
  try {
    impl_ = std::make_unique<Impl>(std::move(*listener), std::move(take), options.interval);
  } catch (const std::system_error& error) {
    spdlog::debug("no ledger to watch at {}: {}", path.string(), error.what());
    ::unlink(path.c_str());
  }
}

LedgerSocket::~LedgerSocket() = default;

}  // namespace plimsoll::cli
