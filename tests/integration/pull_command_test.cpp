// `plimsoll pull` and `plimsoll models` as a user has them, with a hub of the test's own.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/file_text.h"
#include "tests/integration/program.h"
#include "tests/integration/relay.h"
#include "tests/integration/test_server.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kTiny = std::string(PLIMSOLL_SOURCE_DIR) + "/models/plimsoll-tiny/";
constexpr const char* kListing = R"({"sha": "abc123", "siblings": [
  {"rfilename": "README.md"}, {"rfilename": "plimsoll-tiny-q8_0.gguf"}, {"rfilename": "plimsoll-tiny-f16.gguf"},
  {"rfilename": "mmproj-plimsoll-tiny-q8_0.gguf"}, {"rfilename": "mmproj-plimsoll-tiny-f16.gguf"}]})";

const std::string kHub = "http://hub.invalid";

// For localhost and hub.invalid, good for a day; written by the program openssl.
struct ThrowAwayCertificate {
  explicit ThrowAwayCertificate(const fs::path& folder) : file(folder / "cert.pem"), key(folder / "key.pem") {
    const Ended made = run_command(
        {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,DNS:hub.invalid", "-out", file, "-keyout", key});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }
  fs::path file, key;
};

// A disk of so many bytes, of its own; none where this user may not mount.
class SmallDisk {
 public:
  SmallDisk(fs::path at, const char* size) : at_(std::move(at)) {
    fs::create_directories(at_);
    mounted_ = ::mount("small", at_.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return mounted_; }
  bool resize(const char* size) const {
    return ::mount("small", at_.c_str(), "tmpfs", MS_REMOUNT, size) == 0;
  }

 private:
  const fs::path at_;
  bool mounted_ = false;
};

class PullCommand : public testing::Test {
 protected:
  PullCommand()
      : server_([this](Request request, const Connection& c) {
          // As a proxy is asked.
          if (request.target.starts_with(kHub)) request.target.erase(0, kHub.size());
          if (request.target.starts_with("/api/models/test/tiny?")) return c.answer("200 OK", "", kListing);
          const std::string prefix = "/test/tiny/resolve/abc123/";
          if (!request.target.starts_with(prefix)) {
            return c.answer("404 Not Found", "Content-Length: 0\r\n");
          }
          const std::string content = file_text(kTiny + request.target.substr(prefix.size()));
          if (!stalling_) return serve_file(request, c, content);
          serve_beginning(c, content, content.size() / 2);
          c.stall();
        }) {
    setenv("HOME", home_.path().c_str(), 1);
    setenv("HF_ENDPOINT", server_.url().c_str(), 1);
    for (const char* const variable :
         {"PLIMSOLL_MODELS", "XDG_DATA_HOME", "XDG_CACHE_HOME", "LLAMA_CACHE", "HF_HOME", "HF_HUB_CACHE",
          "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE"}) {
      unsetenv(variable);
    }
  }

  static void expect_error(const Ended& ended, int exit_code, const std::string& mentions) {
    EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(mentions));
    EXPECT_EQ(ended.out, "");
  }

  void expect_pulled() const {
    for (const char* file : {"plimsoll-tiny-q8_0.gguf", "mmproj-plimsoll-tiny-q8_0.gguf"}) {
      EXPECT_EQ(file_text(models_ / "plimsoll-tiny-q8_0" / file), file_text(kTiny + file)) << file;
    }
  }

  TemporaryFolder home_;
  const fs::path models_ = home_.path() / ".local" / "share" / "plimsoll" / "models";
  std::atomic<bool> stalling_ = false;
  TestServer server_;
};

TEST_F(PullCommand, APulledModelIsFoundByItsName) {
  const Ended pulled = run_program({"pull", "hf:test/tiny", "--name", "mine"});
  ASSERT_EQ(pulled.exit_code, 0) << pulled.err;
  EXPECT_THAT(pulled.out, HasSubstr("plimsoll run --model mine"));
  EXPECT_EQ(file_text(models_ / "mine" / "plimsoll-tiny-q8_0.gguf"),
            file_text(kTiny + "plimsoll-tiny-q8_0.gguf"));

  const Ended listed = run_program({"models", "--json"});
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  const auto here = nlohmann::json::parse(listed.out)["here"];
  EXPECT_EQ(here[0]["name"], "mine");
  EXPECT_EQ(here[0]["repository"], "test/tiny");
  EXPECT_EQ(here[0]["pulled"], true);

  const Ended planned = run_program({"plan", "--model", "mine", "--device-memory", "4GiB", "--json"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_EQ(nlohmann::json::parse(planned.out)["model"], "mine");
}

TEST_F(PullCommand, AnInterruptKeepsWhatCame) {
  stalling_ = true;
  std::thread interrupter;
  Running child = start_command({PLIMSOLL_PROGRAM, "pull", "hf:test/tiny", "--name", "mine"});
  const fs::path part = models_ / "mine" / "mmproj-plimsoll-tiny-q8_0.gguf.part";
  std::error_code error;
  for (int i = 0; i < 3000 && (!fs::exists(part, error) || fs::file_size(part, error) < 100000); ++i) {
    usleep(10000);  // the child's progress is its file
  }
  kill(child.pid, SIGINT);
  EXPECT_EQ(wait_for_end(child.pid), 130);
  close(child.in), close(child.out), close(child.err);
  const auto kept = fs::file_size(part, error);
  EXPECT_GE(kept, 100000U);
  expect_error(run_program({"plan", "--model", "mine"}), 3, "not all of the model is here");

  stalling_ = false;
  const Ended again = run_program({"pull", "hf:test/tiny", "--name", "mine", "--json"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(nlohmann::json::parse(again.out)["files"][0]["how"], "downloaded");
  EXPECT_EQ(file_text(models_ / "mine" / "mmproj-plimsoll-tiny-q8_0.gguf"),
            file_text(kTiny + "mmproj-plimsoll-tiny-q8_0.gguf"));
  EXPECT_FALSE(fs::exists(part));
}

TEST_F(PullCommand, WhatCannotBePulled) {
  expect_error(run_program({"pull"}), 2, "model");
  expect_error(run_program({"pull", "no-such-model"}), 3, "plimsoll models");
  expect_error(run_program({"pull", "hf:nonsense"}), 3, "hf:OWNER/REPO");
  expect_error(run_program({"pull", "hf:test/none"}), 3, "404");
  expect_error(run_program({"pull", "hf:test/tiny:q5_0"}), 3, "plimsoll-tiny-q8_0.gguf");
  expect_error(run_program({"pull", "smolvlm-256m"}), 3, "404");
  EXPECT_FALSE(fs::exists(models_ / "smolvlm-256m"));
  setenv("HF_ENDPOINT", "http://no-such-host.invalid", 1);
  expect_error(run_program({"pull", "smolvlm-256m"}), 3, "is there a network?");
}

TEST_F(PullCommand, OverHttpsOnlyFromWhoIsTrusted) {
  const ThrowAwayCertificate certificate(home_.path());
  const Relay hub(server_.port(), encrypted(certificate.file, certificate.key));
  setenv("HF_ENDPOINT", ("https://localhost:" + std::to_string(hub.port())).c_str(), 1);
  expect_error(run_program({"pull", "hf:test/tiny"}), 3, "certificate");
  EXPECT_TRUE(server_.requests().empty());
  setenv("SSL_CERT_FILE", certificate.file.c_str(), 1);
  const Ended pulled = run_program({"pull", "hf:test/tiny"});
  ASSERT_EQ(pulled.exit_code, 0) << pulled.err;
  expect_pulled();
}

TEST_F(PullCommand, ThroughAProxy) {
  setenv("HF_ENDPOINT", kHub.c_str(), 1);
  setenv("http_proxy", server_.url().c_str(), 1);
  const Ended pulled = run_program({"pull", "hf:test/tiny"});
  ASSERT_EQ(pulled.exit_code, 0) << pulled.err;
  for (const Request& request : server_.requests()) EXPECT_THAT(request.target, testing::StartsWith(kHub));
  expect_pulled();
}

TEST_F(PullCommand, OverHttpsThroughAProxy) {
  const ThrowAwayCertificate certificate(home_.path());
  const Relay hub(server_.port(), encrypted(certificate.file, certificate.key));
  std::mutex mutex;
  std::vector<std::string> asked;
  const Relay proxy_before_it(hub.port(), proxy([&](std::string line) {
                                const std::lock_guard lock(mutex);
                                asked.push_back(std::move(line));
                              }));
  setenv("HF_ENDPOINT", "https://hub.invalid", 1);
  setenv("https_proxy", ("http://127.0.0.1:" + std::to_string(proxy_before_it.port())).c_str(), 1);
  setenv("SSL_CERT_FILE", certificate.file.c_str(), 1);
  const Ended pulled = run_program({"pull", "hf:test/tiny"});
  ASSERT_EQ(pulled.exit_code, 0) << pulled.err;
  expect_pulled();
  const std::lock_guard lock(mutex);
  ASSERT_FALSE(asked.empty());
  EXPECT_THAT(asked, testing::Each("CONNECT hub.invalid:443 HTTP/1.1"));
}

TEST_F(PullCommand, AFullDiskKeepsWhatCame) {
  const SmallDisk disk(models_, "size=8m");
  if (!disk.is_mounted()) GTEST_SKIP() << "no right to mount a tmpfs here (root has it)";
  expect_error(run_program({"pull", "hf:test/tiny"}), 3, "the disk is full; make room");
  const fs::path part = models_ / "plimsoll-tiny-q8_0" / "mmproj-plimsoll-tiny-q8_0.gguf.part";
  EXPECT_GE(fs::file_size(part), 7U << 20);
  ASSERT_TRUE(disk.resize("size=200m"));
  const Ended again = run_program({"pull", "hf:test/tiny"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(std::ranges::any_of(server_.requests(), [](const Request& request) {
    return request.range_from().value_or(0) >= 7U << 20;
  }));
  expect_pulled();
}

TEST_F(PullCommand, ModelsListsTheCatalogue) {
  const Ended listed = run_program({"models"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("plimsoll-tiny"));
  EXPECT_THAT(listed.out, HasSubstr("smolvlm2-500m"));
  EXPECT_THAT(listed.out, HasSubstr("Apache-2.0"));
}

}  // namespace
}  // namespace plimsoll::test
