// An HTTP client that can also be rude. Blocking, 127.0.0.1 only. A server that says nothing for minutes has
// ended the connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"

namespace plimsoll::test {

struct Reply {
  int status = 0;                                // 0: the connection ended without one
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};
};

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 300, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) leave();
  }

  /// Whether all of it went.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_.get(), SHUT_WR); }
  void leave() { socket_ = FileDescriptor(); }

  /// Up to and with `end`; less where the connection ended.
  std::string read_until(std::string_view end) {
    while (input_.find(end) == std::string::npos && receive()) {
    }
    const auto at = input_.find(end);
    const std::size_t size = at == std::string::npos ? input_.size() : at + end.size();
    std::string text = input_.substr(0, size);
    input_.erase(0, size);
    return text;
  }
  std::string read_rest() { return read_until("\n\n there is no such text \n\n"); }

  Reply read_reply() {
    Reply reply;
    const std::string head = read_until("\r\n\r\n");
    if (!head.starts_with("HTTP/1.1 ")) return reply;
    reply.status = std::stoi(head.substr(9, 3));
    for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const std::size_t end = head.find("\r\n", at);
      const std::string line = head.substr(at, end - at);
      at = end + 2;
      const std::size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      if (colon != std::string::npos) reply.headers[name] = line.substr(colon + 2);
    }
    read_body(reply);
    return reply;
  }

 private:
  bool receive() {
    std::string piece(1 << 16, '\0');
    const ssize_t count = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (count > 0) input_.append(piece, 0, static_cast<std::size_t>(count));
    return count > 0;
  }

  void read_body(Reply& reply) {
    if (reply.headers["transfer-encoding"] == "chunked") {
      for (;;) {
        const std::string line = read_until("\r\n");
        const std::size_t size = line.empty() ? 0 : std::stoul(line, nullptr, 16);
        const std::string chunk = take(size + 2);
        reply.body += chunk.substr(0, std::min(size, chunk.size()));
        if (size == 0) return;
      }
    }
    if (reply.headers.contains("content-length"))
      reply.body = take(std::stoul(reply.headers["content-length"]));
  }

  std::string take(std::size_t size) {
    while (input_.size() < size && receive()) {
    }
    std::string text = input_.substr(0, size);
    input_.erase(0, text.size());
    return text;
  }

  FileDescriptor socket_;
  std::string input_;
};

inline std::string request_text(const std::string& method, const std::string& path,
                                const std::string& body = {}, const std::string& headers = {}) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers;
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

inline Reply ask(int port, const std::string& method, const std::string& path, const std::string& body = {},
                 const std::string& headers = {}) {
  RawClient client(port);
  client.send(request_text(method, path, body, headers));
  return client.read_reply();
}

}  // namespace plimsoll::test
