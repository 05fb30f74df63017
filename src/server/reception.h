// Takes connections in and keeps them until a whole request is there to be answered, on one thread: a client
// that is slow, or only hangs on, costs a descriptor and a buffer, never a thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/file_descriptor.h"
#include "server/connection.h"
#include "server/reception_limits.h"
#include "server/request_head.h"

namespace plimsoll::server {

class Reception {
 public:
  /// Takes over a connection that has a request; called on the reception's thread, does not block.
  using Answer = std::function<void(ConnectionPtr connection, const RequestHead& head)>;

  /// `listener` listens, and does not block.
  Reception(FileDescriptor listener, ReceptionLimits limits, Answer answer);
  ~Reception() { stop(); }
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  /// Takes the first one in. REQUIRES: called once.
  void start();
  /// The connection was answered and may ask again. Thread-safe, as the next two.
  void take_back(ConnectionPtr connection);
  /// Says `text`, where there is any, and closes, after the client had time to read it.
  void dismiss(ConnectionPtr connection, std::string_view text = {});
  /// Nobody is taken in any more; all that wait here are closed. Blocking until its thread has ended.
  void stop();

 private:
  using Clock = Connection::Clock;
  struct Guest {
    ConnectionPtr connection;
    Clock::time_point deadline;
    bool leaving = false;  // what it sends is thrown away
    bool asking = false;   // the first byte of a request is there
  };

  void run();
  void accept_all();
  void admit(ConnectionPtr connection, bool leaving);
  void on_ready(int descriptor);
  void drain(int descriptor);
  /// Whether the guest was handed over or sent away.
  bool hand_over(Guest& guest);
  ConnectionPtr release(int descriptor);
  void drop_late();
  void drop_slowest();
  int milliseconds_to_next_deadline() const;

  FileDescriptor listener_;
  const ReceptionLimits limits_;
  const Answer answer_;
  FileDescriptor epoll_;
  FileDescriptor wake_;
  std::unordered_map<int, Guest> guests_;  // by descriptor

  std::mutex mutex_;
  std::vector<std::pair<ConnectionPtr, bool>> returned_;  // with whether it leaves
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace plimsoll::server
