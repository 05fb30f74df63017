#include "server/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace plimsoll::server {

namespace {

constexpr std::string_view kAnswerBegin = "HTTP/1.1 ";
constexpr std::size_t kReadBytes = 64 * 1024;

// httplib hides from its handlers which connection a request came by.
thread_local Connection* answering = nullptr;

}  // namespace

Connection::Connection(FileDescriptor socket, std::string address, int port)
    : socket_(std::move(socket)), address_(std::move(address)), port_(port) {}

Connection& Connection::current() { return *answering; }

Connection::Answering::Answering(Connection& connection) {
  connection.sent_early_ = 0;
  connection.not_again_ = 0;
  answering = &connection;
}

Connection::Answering::~Answering() {
  answering->held_.reset();
  answering->body_deadline_ = Clock::time_point::max();
  answering = nullptr;
}

Connection::Received Connection::receive(std::size_t limit) {
  input_.erase(0, std::exchange(read_, 0));
  if (input_.size() >= limit) return Received::nothing;
  // Not into the input itself: it would keep the room for all that might have come.
  std::array<char, kReadBytes> buffer;
  const std::size_t room = std::min(limit - input_.size(), buffer.size());
  const ssize_t count = ::recv(descriptor(), buffer.data(), room, MSG_DONTWAIT);
  if (count > 0) {
    input_.append(buffer.data(), static_cast<std::size_t>(count));
    return Received::some;
  }
  const bool later = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return later ? Received::nothing : Received::end;
}

bool Connection::wait_for(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd ready{.fd = descriptor(), .events = events, .revents = 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::min<long>(left, 1000)));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return false;
  }
}

ssize_t Connection::read(char* into, std::size_t size) {
  if (read_ == input_.size()) {
    const auto deadline = std::min(Clock::now() + kSilence, body_deadline_);
    Received received = Received::nothing;
    while (received == Received::nothing && wait_for(POLLIN, deadline)) received = receive(kReadBytes);
    if (received != Received::some) return received == Received::end ? 0 : -1;
  }
  const std::size_t count = std::min(size, input_.size() - read_);
  std::copy_n(input_.data() + read_, count, into);
  read_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* from, std::size_t size) {
  const std::size_t skipped = std::min(not_again_, size);
  not_again_ -= skipped;
  for (std::size_t sent = skipped; sent < size && !failed_;) {
    const ssize_t count = ::send(descriptor(), from + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      failed_ = !wait_for(POLLOUT, Clock::now() + kSilence);
    } else if (errno != EINTR) {
      failed_ = true;
    }
  }
  return failed_ ? -1 : static_cast<ssize_t>(size);
}

void Connection::send_first_byte_early() {
  if (sent_early_ == kAnswerBegin.size()) return;
  if (::send(descriptor(), &kAnswerBegin[sent_early_], 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return;
  ++sent_early_;
  ++not_again_;
}

void Connection::send_now(std::string_view text) {
  static_cast<void>(::send(descriptor(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

void Connection::end_writing() { ::shutdown(descriptor(), SHUT_WR); }

void Connection::abort() { ::shutdown(descriptor(), SHUT_RDWR); }

void Connection::get_remote_ip_and_port(std::string& address, int& port) const {
  address = address_;
  port = port_;
}

void Connection::get_local_ip_and_port(std::string& address, int& port) const {
  address.clear();
  port = 0;
}

}  // namespace plimsoll::server
