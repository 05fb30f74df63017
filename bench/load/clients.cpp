#include "bench/load/clients.h"

#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

namespace plimsoll::bench {

namespace {

using test::RawClient;
using test::Reply;

constexpr std::chrono::milliseconds kPauseOfTheSlow(200);
constexpr std::chrono::milliseconds kPauseOfTheRefused(100);
constexpr std::uint64_t kFaultsInWords = 10;

const LoadQuestion& any_of(const Load& load, std::mt19937& random) {
  return load.questions[std::uniform_int_distribution<std::size_t>(0, load.questions.size() - 1)(random)];
}

struct BadRequest {
  const char* name;
  std::string text;
};

std::string posted(const std::string& body) {
  return test::request_text("POST", "/v1/chat/completions", body);
}

std::vector<BadRequest> bad_requests() {
  const std::string asking = R"({"messages":[{"role":"user","content":)";
  return {
      {"no JSON", posted("{\"messages\":")},
      {"no body", posted("")},
      {"not UTF-8", posted("{\"messages\":\"\xFF\xFE\"}")},
      {"too deep", posted(std::string(100'000, '['))},
      {"no role", posted(R"({"messages":[{"content":"Hi"}]})")},
      {"no messages", posted(R"({"messages":[]})")},
      {"too few tokens", posted(asking + R"("Hi"}],"max_tokens":-5})")},
      {"no picture", posted(asking + R"([{"type":"image_url","image_url":null}]}]})")},
      {"bad base64",
       posted(asking + R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,##"}}]}]})")},
      {"a file's address",
       posted(asking + R"([{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]})")},
      {"a picture cut short",
       posted(asking +
              R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAAA"}}]}]})")},
      {"another model", posted(R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}]})")},
      {"nothing there", test::request_text("GET", "/../etc/passwd")},
      {"another method", test::request_text("DELETE", "/v1/memory")},
      {"two lengths",
       "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
       "Content-Length: 6\r\n\r\nhello!"},
      {"no HTTP", "\x16\x03\x01 hello\r\n\r\n"}};
}

}  // namespace

void Tally::fault(const std::string& what, const std::string& detail) {
  const std::lock_guard lock(mutex_);
  ++counts_[what];
  if (++faults_ <= kFaultsInWords)
    std::fprintf(stderr, "%s: %s\n", what.c_str(), detail.substr(0, 300).c_str());
}

std::map<std::string, std::uint64_t> Tally::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::uint64_t Tally::of(const std::string& what) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(what);
  return found == counts_.end() ? 0 : found->second;
}

std::uint64_t Tally::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

void ask_well(const Load& load, unsigned seed) {
  std::mt19937 random(seed);
  while (!load.over) {
    const LoadQuestion& question = any_of(load, random);
    const Reply reply = test::ask(load.port, "POST", question.path, question.body);
    if (reply.status == 429) {
      load.tally.count("good: 429");
      std::this_thread::sleep_for(kPauseOfTheRefused);
    } else if (reply.status == 200 && answer_in(reply) == question.answer) {
      load.tally.count("good: answered rightly");
    } else {
      load.tally.fault("good: answered wrongly", std::to_string(reply.status) + " instead of \"" +
                                                     question.answer + "\": " + reply.body);
    }
  }
}

void ask_slowly(const Load& load, unsigned) {
  while (!load.over) {
    RawClient client(load.port);
    bool taken = client.send("POST /v1/chat/completions HTTP/1.1\r\nX-Slow: ");
    while (taken && !load.over) {
      std::this_thread::sleep_for(kPauseOfTheSlow);
      taken = client.send("a");
    }
    load.tally.count(taken ? "slow: still at it" : "slow: sent away");
  }
}

void ask_and_vanish(const Load& load, unsigned seed) {
  std::mt19937 random(seed);
  while (!load.over) {
    const LoadQuestion& question = any_of(load, random);
    const std::string request = test::request_text("POST", question.path, question.body);
    RawClient client(load.port);
    const auto where = random() % 3;
    client.send(where == 0 ? std::string_view(request).substr(0, request.size() / 2) : request);
    if (where == 2) client.read_until("\r\n\r\n");
    client.leave();
    load.tally.count("vanished");
    std::this_thread::sleep_for(kPauseOfTheSlow);
  }
}

void ask_badly(const Load& load, unsigned seed) {
  const std::vector<BadRequest> requests = bad_requests();
  for (std::size_t next = seed; !load.over; ++next) {
    const BadRequest& request = requests[next % requests.size()];
    RawClient client(load.port);
    client.send(request.text);
    const Reply reply = client.read_reply();
    if (reply.status >= 400 && reply.status < 500) {
      load.tally.count("malformed: refused");
    } else {
      load.tally.fault("malformed: not refused",
                       std::string(request.name) + ": " + std::to_string(reply.status) + " " + reply.body);
    }
    std::this_thread::sleep_for(kPauseOfTheRefused);
  }
}

}  // namespace plimsoll::bench
