// The threads that ask the engine, as many as it answers at once, and the queue in front of it. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "server/api_error.h"
#include "server/fair_queue.h"
#include "server/ticket.h"

namespace plimsoll::server {

struct QueueState {
  std::size_t running = 0;
  std::size_t waiting = 0;
  std::size_t limit = 0;
};

class Desk {
 public:
  /// Called on one of the desk's threads after each piece of work, before whoever waits is told. Thread-safe.
  using Observer = std::function<void(const Work& work, const OutcomeOrFailure& outcome)>;

  /// As many as `limit` may wait behind those that are answered. `service` outlives the desk.
  Desk(EngineService& service, std::size_t limit, Observer observer);
  ~Desk() { close({}); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  /// Returns at once. Fails with `queue_full`, or `stopping` after close().
  ApiExpected<TicketPtr> submit(Work work);
  /// Nobody waits for it any more: it leaves the queue, or its work is cancelled.
  void leave(const TicketPtr& ticket);
  /// 1: the next one. 0: it is being answered, or was.
  std::size_t position(const TicketPtr& ticket) const;
  QueueState state() const;

  /// Whoever waits is told that the server stops, and so is whoever is being answered when the deadline has
  /// passed. Ends the service. Blocking until then.
  void close(std::chrono::milliseconds deadline);

 private:
  void run();
  void answer(const TicketPtr& ticket);
  OutcomeOrFailure outcome_of(const TicketPtr& ticket);
  // With the lock held.
  bool may_begin() const;
  std::size_t free_places() const;
  int seconds_until_room() const;

  EngineService& service_;
  const std::size_t limit_;
  const Observer observer_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  FairQueue order_;
  std::map<std::uint64_t, TicketPtr> waiting_;
  std::set<TicketPtr> running_;
  std::uint64_t next_id_ = 1;
  double usual_seconds_ = 1;  // of a piece of work, lately
  bool closed_ = false;
  std::mutex closing_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace plimsoll::server
