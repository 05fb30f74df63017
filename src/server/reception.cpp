#include "server/reception.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll::server {

namespace {

constexpr std::string_view kHeadTooLarge =
    "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kTargetTooLong =
    "HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kTooSlow =
    "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

void watch(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.fd = descriptor;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

void set_options(int socket) {
  const int on = 1;
  const int milliseconds_unacknowledged = 30'000;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds_unacknowledged,
               sizeof milliseconds_unacknowledged);
}

std::pair<std::string, int> text_of(const sockaddr_storage& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  return {text.data(), ntohs(v6.sin6_port)};
}

}  // namespace

Reception::Reception(FileDescriptor listener, ReceptionLimits limits, Answer answer)
    : listener_(std::move(listener)),
      limits_(limits),
      answer_(std::move(answer)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  watch(epoll_.get(), listener_.get());
  watch(epoll_.get(), wake_.get());
}

void Reception::start() {
  thread_ = std::thread([this] { run(); });
}

void Reception::take_back(ConnectionPtr connection) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;  // nobody listens any more: it ends with its last holder
  returned_.emplace_back(std::move(connection), false);
  ::eventfd_write(wake_.get(), 1);
}

void Reception::dismiss(ConnectionPtr connection, std::string_view text) {
  if (!text.empty()) connection->send_now(text);
  connection->end_writing();
  std::lock_guard lock(mutex_);
  returned_.emplace_back(std::move(connection), true);
  ::eventfd_write(wake_.get(), 1);
}

void Reception::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    ::eventfd_write(wake_.get(), 1);
  }
  if (thread_.joinable()) thread_.join();
}

void Reception::run() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   milliseconds_to_next_deadline());
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == listener_.get()) {
        accept_all();
      } else if (descriptor != wake_.get()) {
        on_ready(descriptor);
      }
    }
    decltype(returned_) returned;
    {
      std::lock_guard lock(mutex_);
      if (stopping_) break;
      eventfd_t wishes = 0;
      ::eventfd_read(wake_.get(), &wishes);
      returned.swap(returned_);
    }
    for (auto& [connection, leaving] : returned) admit(std::move(connection), leaving);
    drop_late();
  }
  guests_.clear();
  listener_ = FileDescriptor();
  std::lock_guard lock(mutex_);
  returned_.clear();
}

void Reception::accept_all() {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    FileDescriptor socket(
        ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) {
      // Out of descriptors: the listener stays ready, and somebody has to go before anybody comes.
      if (errno == EMFILE || errno == ENFILE) drop_slowest();
      return;
    }
    set_options(socket.get());
    auto [address, port] = text_of(peer);
    admit(std::make_shared<Connection>(std::move(socket), std::move(address), port), false);
  }
}

void Reception::admit(ConnectionPtr connection, bool leaving) {
  if (guests_.size() >= limits_.connections) drop_slowest();
  const int descriptor = connection->descriptor();
  Guest guest{.connection = std::move(connection), .deadline = {}, .leaving = leaving};
  guest.deadline = Clock::now() + (leaving ? limits_.linger_time : limits_.idle_time);
  guests_.insert_or_assign(descriptor, std::move(guest));
  watch(epoll_.get(), descriptor);
  on_ready(descriptor);  // the next request may have come with the last one
}

void Reception::on_ready(int descriptor) {
  const auto found = guests_.find(descriptor);
  if (found == guests_.end()) return;
  Guest& guest = found->second;
  if (guest.leaving) return drain(descriptor);
  const auto received = guest.connection->receive(limits_.head_bytes + limits_.small_body_bytes);
  if (!guest.asking && !guest.connection->input().empty()) {
    guest.asking = true;
    guest.deadline = Clock::now() + limits_.head_time;
  }
  if (hand_over(guest)) return;
  // Whoever stopped sending before the request was whole will not be understood any more.
  if (received == Connection::Received::end) release(descriptor);
}

void Reception::drain(int descriptor) {
  std::array<char, 64 * 1024> waste{};
  ssize_t count = 0;
  // A few at a time: others wait for this thread too.
  for (int i = 0; i < 16 && count >= 0; ++i) {
    count = ::recv(descriptor, waste.data(), waste.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
      release(descriptor);
      return;
    }
  }
}

bool Reception::hand_over(Guest& guest) {
  const std::string_view input = guest.connection->input();
  const int descriptor = guest.connection->descriptor();
  const auto head = read_head(input);
  const auto refuse = [&](std::string_view text) {
    dismiss(release(descriptor), text);
    return true;
  };
  if (!head) {
    if (input.size() > limits_.request_line_bytes && input.find('\n') > limits_.request_line_bytes) {
      return refuse(kTargetTooLong);
    }
    return input.size() >= limits_.head_bytes && refuse(kHeadTooLarge);
  }
  if (head->bytes > limits_.head_bytes) return refuse(kHeadTooLarge);
  if (input.find('\n') > limits_.request_line_bytes) return refuse(kTargetTooLong);
  const std::uint64_t length = head->content_length.value_or(0);
  const bool small =
      !head->ambiguous && !head->chunked && !head->expects_continue && length <= limits_.small_body_bytes;
  if (small && input.size() - head->bytes < length) return false;
  answer_(release(descriptor), *head);
  return true;
}

ConnectionPtr Reception::release(int descriptor) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  ConnectionPtr connection = std::move(guests_.at(descriptor).connection);
  guests_.erase(descriptor);
  return connection;
}

void Reception::drop_late() {
  const auto now = Clock::now();
  std::vector<int> late;
  for (const auto& [descriptor, guest] : guests_) {
    if (guest.deadline <= now) late.push_back(descriptor);
  }
  for (const int descriptor : late) {
    const bool owes_answer = guests_.at(descriptor).asking && !guests_.at(descriptor).leaving;
    const ConnectionPtr connection = release(descriptor);
    if (owes_answer) connection->send_now(kTooSlow);
  }
}

void Reception::drop_slowest() {
  const auto slowest =
      std::ranges::min_element(guests_, {}, [](const auto& guest) { return guest.second.deadline; });
  if (slowest != guests_.end()) release(slowest->first);
}

int Reception::milliseconds_to_next_deadline() const {
  if (guests_.empty()) return -1;
  auto next = Clock::time_point::max();
  for (const auto& [descriptor, guest] : guests_) next = std::min(next, guest.deadline);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  return static_cast<int>(std::clamp<long>(left, 0, 60'000));
}

}  // namespace plimsoll::server
