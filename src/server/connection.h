// One client's TCP connection: what it sent that nobody has read yet, and the way back to it. Belongs to one
// thread at a time: the reception's until a whole request head is there, then the one that answers.
#pragma once

// As Debian builds the library; without these its types have another layout.
#include <httplib.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_descriptor.h"

namespace plimsoll::server {

class Connection final : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  /// `socket` does not block.
  Connection(FileDescriptor socket, std::string address, int port);

  /// The one whose request this thread answers. REQUIRES: inside of Answering's life.
  static Connection& current();
  class Answering {
   public:
    explicit Answering(Connection& connection);
    ~Answering();
    Answering(const Answering&) = delete;
    Answering& operator=(const Answering&) = delete;
  };

  int descriptor() const { return socket_.get(); }
  const std::string& address() const { return address_; }

  // ---- what it sent
  enum class Received { some, nothing, end };
  /// Adds what is there to the input, up to `limit` bytes in all, without waiting. `end`: there will be no
  /// more.
  Received receive(std::size_t limit);
  std::string_view input() const { return std::string_view(input_).substr(read_); }
  /// Until the answer is written.
  void hold(std::shared_ptr<void> room) { held_ = std::move(room); }
  /// The rest of a body must have come by then; each part of it within kSilence.
  void set_body_deadline(Clock::time_point deadline) { body_deadline_ = deadline; }

  // ---- the way back
  /// Whether this request's answer may be compressed with gzip.
  void set_takes_gzip(bool takes) { takes_gzip_ = takes; }
  bool takes_gzip() const { return takes_gzip_; }
  /// Whether writing failed or the client has gone; nothing that is written arrives any more.
  bool failed() const { return failed_; }
  void mark_failed() { failed_ = true; }
  /// What the client sent of this request will not be read: another one can not follow.
  void close_after_answer() { close_after_answer_ = true; }
  bool closes_after_answer() const { return close_after_answer_ || failed_; }
  /// The next byte of "HTTP/1.1 ", with which every answer begins: whoever only stopped sending does not
  /// mind, and from whoever has gone comes a reset. Does not wait.
  void send_first_byte_early();
  /// Answers without httplib. Does not wait: what the system has no room for is lost.
  void send_now(std::string_view text);
  /// The client sees the end of what was written; it may still send.
  void end_writing();
  /// Wakes whoever reads or writes; for any thread.
  void abort();

  // ---- httplib::Stream
  bool is_readable() const override { return true; }
  bool is_writable() const override { return !failed_; }
  ssize_t read(char* into, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& address, int& port) const override;
  void get_local_ip_and_port(std::string& address, int& port) const override;
  socket_t socket() const override { return socket_.get(); }

  /// How long a client may neither send nor take anything while it should.
  static constexpr std::chrono::seconds kSilence{10};

 private:
  bool wait_for(short events, Clock::time_point deadline) const;

  FileDescriptor socket_;
  std::string address_;
  int port_ = 0;
  std::string input_;
  std::size_t read_ = 0;        // of input_
  std::size_t sent_early_ = 0;  // of kAnswerBegin
  std::size_t not_again_ = 0;   // of those, what the answer has not come to yet
  Clock::time_point body_deadline_ = Clock::time_point::max();
  std::shared_ptr<void> held_;
  bool takes_gzip_ = false;
  bool failed_ = false;
  bool close_after_answer_ = false;
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace plimsoll::server
