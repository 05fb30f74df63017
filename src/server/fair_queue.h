// The order of those who wait: clients take turns, each in the order it asked. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::server {

class FairQueue {
 public:
  using Id = std::uint64_t;

  /// `quick`: may go before others, which stay where they are; nobody is passed more than kPassedAtMost
  /// times.
  void push(Id id, std::string client, bool quick);
  std::optional<Id> pop();
  /// Whether it was there.
  bool remove(Id id);
  /// 1: the next one. 0: it does not wait here.
  std::size_t position(Id id) const;
  std::size_t size() const;

  static constexpr int kPassedAtMost = 2;

 private:
  struct Waiting {
    Id id = 0;
    bool quick = false;
    int passed = 0;
  };
  struct Client {
    std::string name;
    std::deque<Waiting> waiting;  // never empty
  };

  std::vector<Client> clients_;  // whose turn it is first
};

}  // namespace plimsoll::server
