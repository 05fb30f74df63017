#include "server/fair_queue.h"

#include <algorithm>
#include <utility>

namespace plimsoll::server {

void FairQueue::push(Id id, std::string client, bool quick) {
  auto found = std::ranges::find(clients_, client, &Client::name);
  if (found == clients_.end()) {
    clients_.push_back({.name = std::move(client), .waiting = {}});
    found = std::prev(clients_.end());
  }
  found->waiting.push_back({.id = id, .quick = quick});
}

std::optional<FairQueue::Id> FairQueue::pop() {
  if (clients_.empty()) return std::nullopt;
  auto next = clients_.begin();
  Waiting& first = next->waiting.front();
  if (!first.quick && first.passed < kPassedAtMost) {
    const auto quick = std::find_if(std::next(next), clients_.end(),
                                    [](const Client& client) { return client.waiting.front().quick; });
    if (quick != clients_.end()) {
      for (auto passed = next; passed != quick; ++passed) ++passed->waiting.front().passed;
      next = quick;
    }
  }
  const Id id = next->waiting.front().id;
  next->waiting.pop_front();
  Client client = std::move(*next);
  clients_.erase(next);
  if (!client.waiting.empty()) clients_.push_back(std::move(client));
  return id;
}

bool FairQueue::remove(Id id) {
  for (auto client = clients_.begin(); client != clients_.end(); ++client) {
    if (std::erase_if(client->waiting, [&](const Waiting& w) { return w.id == id; }) == 0) continue;
    if (client->waiting.empty()) clients_.erase(client);
    return true;
  }
  return false;
}

std::size_t FairQueue::position(Id id) const {
  FairQueue rest = *this;
  for (std::size_t place = 1;; ++place) {
    const auto next = rest.pop();
    if (!next) return 0;
    if (*next == id) return place;
  }
}

std::size_t FairQueue::size() const {
  std::size_t count = 0;
  for (const Client& client : clients_) count += client.waiting.size();
  return count;
}

}  // namespace plimsoll::server
