// An HTTP server of a test's own on 127.0.0.1 that does what it is told, wrong things too. Each connection
// gets one request and a thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace plimsoll::test {

struct Request {
  std::string target;
  std::map<std::string, std::string> headers{};  // names in lower case
  int number = 0;                                // of this server, from 0

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  /// Of "Range: bytes=N-".
  std::optional<std::size_t> range_from() const {
    const std::string range = header("range");
    return range.empty() ? std::nullopt : std::optional<std::size_t>(std::stoul(range.substr(6)));
  }
};

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void answer(const std::string& status, const std::string& headers, std::string_view body = {}) const {
    send("HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers + "\r\n");
    send(body);
  }
  /// Sends nothing more and waits until the client goes.
  void stall() const {
    std::array<char, 256> ignored{};
    while (::recv(socket_, ignored.data(), ignored.size(), 0) > 0) {
    }
  }

 private:
  int socket_;
};

class TestServer {
 public:
  using Handler = std::function<void(const Request&, const Connection&)>;

  explicit TestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// The same server under another name.
  std::string other_url() const { return "http://localhost:" + std::to_string(port_); }

  std::vector<Request> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      std::lock_guard lock(mutex_);
      open_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    if (auto request = read_request(socket)) {
      {
        std::lock_guard lock(mutex_);
        request->number = static_cast<int>(requests_.size());
        requests_.push_back(*request);
      }
      handler_(*request, Connection(socket));
    }
    std::lock_guard lock(mutex_);
    std::erase(open_, socket);
    ::close(socket);
  }

  static std::optional<Request> read_request(int socket) {
    std::string text;
    std::array<char, 4096> bytes{};
    while (text.find("\r\n\r\n") == std::string::npos) {
      const auto count = ::recv(socket, bytes.data(), bytes.size(), 0);
      if (count <= 0) return std::nullopt;
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    std::istringstream lines(text);
    std::string method, line;
    Request request;
    lines >> method >> request.target;
    std::getline(lines, line);
    while (std::getline(lines, line) && line.find(':') != std::string::npos) {
      std::string name = line.substr(0, line.find(':'));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      const auto begin = line.find_first_not_of(' ', name.size() + 1);
      request.headers[name] = line.substr(begin, line.find_last_not_of("\r") - begin + 1);
    }
    return request;
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
  std::vector<Request> requests_;
};

/// Answers as a good server does: all of it, or the rest of it that the client asks for.
inline void serve_file(const Request& request, const Connection& connection, const std::string& content,
                       const std::string& etag = "\"v1\"") {
  const std::string headers = "ETag: " + etag + "\r\n";
  const auto from = request.range_from();
  const bool same = request.header("if-range").empty() || request.header("if-range") == etag;
  if (!from || !same) {
    connection.answer("200 OK", headers + "Content-Length: " + std::to_string(content.size()) + "\r\n",
                      content);
  } else if (*from >= content.size()) {
    connection.answer("416 Range Not Satisfiable", "Content-Length: 0\r\n");
  } else {
    connection.answer("206 Partial Content",
                      headers + "Content-Length: " + std::to_string(content.size() - *from) +
                          "\r\nContent-Range: bytes " + std::to_string(*from) + "-" +
                          std::to_string(content.size() - 1) + "/" + std::to_string(content.size()) + "\r\n",
                      std::string_view(content).substr(*from));
  }
}

/// Promises all of it, and closes the connection after `bytes` of it.
inline void serve_beginning(const Connection& connection, const std::string& content, std::size_t bytes,
                            const std::string& etag = "\"v1\"") {
  connection.answer("200 OK",
                    "ETag: " + etag + "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n",
                    std::string_view(content).substr(0, bytes));
}

}  // namespace plimsoll::test
