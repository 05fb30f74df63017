// Downloads against a server that misbehaves: each either ends with the right bytes under the final name, or
// with an error and nothing there.
#include "models/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "models/sha256.h"
#include "tests/file_text.h"
#include "tests/integration/test_server.h"
#include "tests/temporary_folder.h"

namespace plimsoll::models {
namespace {

namespace fs = std::filesystem;
using test::Connection;
using test::Request;
using test::TestServer;
using testing::HasSubstr;

class DownloadTest : public testing::Test {
 protected:
  DownloadTest() {
    content_ = "GGUF";
    for (unsigned number = 1; content_.size() < 200000; number = number * 1664525 + 1013904223) {
      content_ += static_cast<char>(number >> 24);
    }
    write(folder_.path() / "sample", content_);
    sha256_ = *sha256_of(folder_.path() / "sample", cancel_);
    options_.stall = std::chrono::seconds(10);
    options_.tries = 3;
    options_.wait = [this](std::chrono::milliseconds pause) {
      waits_.push_back(pause);
      return !cancel_.cancelled();
    };
  }

  static void write(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  FileToPull known() const { return {"model.gguf", content_.size(), sha256_}; }
  static FileToPull unknown() { return {"model.gguf"}; }

  Expected<void> fetch(const TestServer& server, const FileToPull& file) {
    return download({server.url() + "/model.gguf", "owner/repo", file}, target_, options_, cancel_);
  }

  void expect_whole(const Expected<void>& result) {
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(test::file_text(target_), content_);
    EXPECT_FALSE(fs::exists(part_));
    EXPECT_FALSE(fs::exists(part_.string() + ".etag"));
  }

  void expect_nothing(const Expected<void>& result, ErrorCode code, const std::string& mentions) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(mentions));
    EXPECT_FALSE(fs::exists(target_));
  }

  TemporaryFolder folder_;
  fs::path target_ = folder_.path() / "model.gguf";
  fs::path part_ = folder_.path() / "model.gguf.part";
  std::string content_, sha256_;
  CancelFlag cancel_;
  DownloadOptions options_;
  std::vector<std::chrono::milliseconds> waits_;
};

TEST_F(DownloadTest, ComesWhole) {
  TestServer server([&](const Request& request, const Connection& c) { serve_file(request, c, content_); });
  expect_whole(fetch(server, known()));
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(DownloadTest, ComesWholeWithoutBeingKnown) {
  TestServer server([&](const Request& request, const Connection& c) { serve_file(request, c, content_); });
  expect_whole(fetch(server, unknown()));
}

TEST_F(DownloadTest, GoesOnWhereTheConnectionBroke) {
  TestServer server([&](const Request& request, const Connection& c) {
    request.number < 2 ? serve_beginning(c, content_, 70000) : serve_file(request, c, content_);
  });
  expect_whole(fetch(server, known()));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[1].range_from(), 70000U);
  EXPECT_EQ(requests[1].header("if-range"), "\"v1\"");
}

TEST_F(DownloadTest, LeavesAServerThatStalls) {
  options_.stall = std::chrono::milliseconds(300);
  TestServer server([&](const Request& request, const Connection& c) {
    if (request.number > 0) return serve_file(request, c, content_);
    serve_beginning(c, content_, 50000);
    c.stall();
  });
  expect_whole(fetch(server, known()));
  EXPECT_GT(server.requests()[1].range_from(), 0U);
}

TEST_F(DownloadTest, GivesUpOnAServerThatOnlyStalls) {
  options_.stall = std::chrono::milliseconds(300);
  TestServer server([&](const Request&, const Connection& c) { c.stall(); });
  expect_nothing(fetch(server, known()), ErrorCode::io, "3 times in a row");
}

TEST_F(DownloadTest, TellsNobodyElseTheToken) {
  options_.token = "hf_secret";
  TestServer* self = nullptr;
  TestServer server([&](const Request& request, const Connection& c) {
    if (request.number > 0) return serve_file(request, c, content_);
    c.answer("302 Found", "Location: " + self->other_url() + "/cdn\r\nContent-Length: 0\r\n");
  });
  self = &server;
  expect_whole(fetch(server, known()));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].header("authorization"), "Bearer hf_secret");
  EXPECT_EQ(requests[1].header("authorization"), "");
  EXPECT_THAT(requests[1].header("host"), HasSubstr("localhost"));
}

TEST_F(DownloadTest, LeavesACircleOfRedirects) {
  TestServer server([&](const Request&, const Connection& c) {
    c.answer("302 Found", "Location: /again\r\nContent-Length: 0\r\n");
  });
  expect_nothing(fetch(server, known()), ErrorCode::io, "HF_ENDPOINT");
}

TEST_F(DownloadTest, TakesTheHashFromTheHubAndNotFromWhereItRedirects) {
  TestServer* self = nullptr;
  TestServer server([&](const Request& request, const Connection& c) {
    if (request.target != "/cdn") {
      return c.answer("302 Found", "Location: " + self->other_url() + "/cdn\r\nX-Linked-ETag: \"" + sha256_ +
                                       "\"\r\nX-Linked-Size: " + std::to_string(content_.size()) +
                                       "\r\nContent-Length: 0\r\n");
    }
    std::string wrong = content_;
    wrong[1000] ^= 1;
    c.answer("200 OK",
             "X-Linked-ETag: \"" + std::string(64, 'a') +
                 "\"\r\nContent-Length: " + std::to_string(wrong.size()) + "\r\n",
             wrong);
  });
  self = &server;
  expect_nothing(fetch(server, unknown()), ErrorCode::invalid_argument, sha256_);
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(DownloadTest, RefusesAPromiseOfTooMuch) {
  TestServer server([&](const Request&, const Connection& c) {
    c.answer("200 OK", "Content-Length: " + std::to_string(content_.size() + 1000) + "\r\n", content_);
  });
  expect_nothing(fetch(server, known()), ErrorCode::io, "promises");
  expect_nothing(fetch(server, unknown()), ErrorCode::io, "broke off");
}

TEST_F(DownloadTest, RefusesAPromiseOfTooLittle) {
  TestServer server([&](const Request&, const Connection& c) {
    c.answer("200 OK", "Content-Length: 1000\r\n", std::string_view(content_).substr(0, 1000));
  });
  expect_nothing(fetch(server, known()), ErrorCode::io, "promises");
  expect_nothing(fetch(server, {"model.gguf", std::nullopt, sha256_}), ErrorCode::invalid_argument,
                 "SHA-256");
  options_.check = [](const fs::path&) { return fail(ErrorCode::invalid_argument, "cut short"); };
  expect_nothing(fetch(server, unknown()), ErrorCode::invalid_argument, "cut short");
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(DownloadTest, RefusesMoreThanTheFileHas) {
  TestServer server(
      [&](const Request&, const Connection& c) { c.answer("200 OK", "", content_ + content_); });
  expect_nothing(fetch(server, known()), ErrorCode::io, "more came");
}

TEST_F(DownloadTest, RefusesWrongBytes) {
  std::string wrong = content_;
  wrong[150000] ^= 1;
  TestServer server([&](const Request& request, const Connection& c) { serve_file(request, c, wrong); });
  expect_nothing(fetch(server, known()), ErrorCode::invalid_argument, "SHA-256");
  EXPECT_FALSE(fs::exists(part_));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(DownloadTest, RefusesWhatIsNoModel) {
  TestServer server([&](const Request& request, const Connection& c) {
    serve_file(request, c, "<html>Please log in to the hotel</html>");
  });
  expect_nothing(fetch(server, unknown()), ErrorCode::invalid_argument, "not a GGUF file");
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(DownloadTest, ALoginPageDoesNotCostWhatCameBefore) {
  TestServer server([&](const Request& request, const Connection& c) {
    if (request.number == 0) return serve_beginning(c, content_, 90000);
    if (request.number == 1) return c.answer("200 OK", "Content-Length: 6\r\n", "<html>");
    serve_file(request, c, content_);
  });
  expect_whole(fetch(server, known()));
  EXPECT_EQ(server.requests()[2].range_from(), 90000U);
}

TEST_F(DownloadTest, BeginsAnewWhereTheServerIgnoresRanges) {
  TestServer server([&](const Request& request, const Connection& c) {
    serve_beginning(c, content_, request.number == 0 ? 70000 : content_.size());
  });
  expect_whole(fetch(server, known()));
}

TEST_F(DownloadTest, BeginsAnewWhereTheContentHasChanged) {
  const std::string before(content_.size(), 'x');
  TestServer server([&](const Request& request, const Connection& c) {
    request.number == 0 ? serve_beginning(c, "GGUF" + before, 70000, "\"v1\"")
                        : serve_file(request, c, content_, "\"v2\"");
  });
  expect_whole(fetch(server, unknown()));
}

TEST_F(DownloadTest, NoticesANewETagWhereTheServerIgnoresIfRange) {
  const std::string before = "GGUF" + std::string(content_.size() - 4, 'x');
  TestServer server([&](const Request& request, const Connection& c) {
    if (request.number == 0) return serve_beginning(c, before, 70000, "\"v1\"");
    Request without = request;
    without.headers.erase("if-range");
    serve_file(without, c, content_, "\"v2\"");
  });
  expect_whole(fetch(server, unknown()));
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(DownloadTest, BeginsAnewWhereAnEarlierRunLeftWrongBytes) {
  write(part_, "GGUF" + std::string(1000, 'x'));
  TestServer server([&](const Request& request, const Connection& c) { serve_file(request, c, content_); });
  expect_whole(fetch(server, known()));
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(DownloadTest, BeginsAnewWhereAnEarlierRunLeftTooMuch) {
  write(part_, content_ + "more");
  TestServer server([&](const Request& request, const Connection& c) { serve_file(request, c, content_); });
  expect_whole(fetch(server, known()));
}

TEST_F(DownloadTest, AnsweredWithAnErrorThatWillStay) {
  struct Case {
    std::string status;
    ErrorCode code;
    std::string mentions;
  };
  for (const Case& given :
       {Case{"401 Unauthorized", ErrorCode::invalid_argument, "HF_TOKEN"},
        Case{"403 Forbidden", ErrorCode::invalid_argument, "terms"},
        Case{"404 Not Found", ErrorCode::not_found, "owner/repo"}, Case{"410 Gone", ErrorCode::io, "410"}}) {
    TestServer server([&](const Request&, const Connection& c) {
      c.answer(given.status, "Content-Length: 4\r\n", "GGUF");
    });
    expect_nothing(fetch(server, known()), given.code, given.mentions);
    EXPECT_EQ(server.requests().size(), 1U) << given.status;
  }
}

TEST_F(DownloadTest, AnsweredWithAnErrorThatPasses) {
  for (const std::string status : {"429 Too Many", "500 Oops", "502 Bad", "503 Busy", "504 Late"}) {
    fs::remove(target_);
    waits_.clear();
    TestServer server([&](const Request& request, const Connection& c) {
      if (request.number > 1) return serve_file(request, c, content_);
      c.answer(status, "Retry-After: 7\r\nContent-Length: 0\r\n");
    });
    expect_whole(fetch(server, known()));
    EXPECT_THAT(waits_, testing::ElementsAre(std::chrono::seconds(7), std::chrono::seconds(7))) << status;
  }
}

TEST_F(DownloadTest, AnErrorThatDoesNotPassEndsIt) {
  TestServer server(
      [&](const Request&, const Connection& c) { c.answer("503 Busy", "Content-Length: 0\r\n"); });
  expect_nothing(fetch(server, known()), ErrorCode::io, "503");
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(DownloadTest, NobodyListens) {
  std::string url;
  {
    url = TestServer([](const Request&, const Connection&) {}).url();
  }
  const auto result = download({url + "/model.gguf", "owner/repo", known()}, target_, options_, cancel_);
  expect_nothing(result, ErrorCode::io, "does not take the connection");
}

TEST_F(DownloadTest, ACancelKeepsWhatCame) {
  TestServer server([&](const Request& request, const Connection& c) {
    if (request.number > 0) return serve_file(request, c, content_);
    serve_beginning(c, content_, 80000);
    c.stall();
  });
  options_.stall = std::chrono::seconds(60);
  options_.on_progress = [this](const DownloadProgress& progress) {
    if (progress.done_bytes > 0) cancel_.cancel();
  };
  expect_nothing(fetch(server, known()), ErrorCode::cancelled, "");
  const auto kept = fs::file_size(part_);
  EXPECT_GT(kept, 0U);

  const CancelFlag another;
  expect_whole(download({server.url() + "/model.gguf", "owner/repo", known()}, target_, options_, another));
  EXPECT_EQ(server.requests()[1].range_from(), kept);
}

}  // namespace
}  // namespace plimsoll::models
