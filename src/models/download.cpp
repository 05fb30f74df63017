#include "models/download.h"

#include <algorithm>
#include <utility>

#include "models/curl_http.h"
#include "models/http_errors.h"
#include "models/http_fields.h"
#include "models/part_file.h"
#include "models/patience.h"
#include "models/sha256.h"
#include "plimsoll/size.h"

namespace plimsoll::models {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint64_t kWorthMoreTries = kMiB;

class Download {
 public:
  Download(const RemoteFile& remote, PartFile part, const DownloadOptions& options, const CancelFlag& cancel)
      : remote_(remote),
        asked_{remote.url, file_name(remote.file) + " of " + remote.repository, remote.repository,
               !options.token.empty()},
        part_(std::move(part)),
        options_(options),
        cancel_(cancel),
        expected_bytes_(remote.file.bytes),
        bytes_are_certain_(expected_bytes_.has_value()),
        expected_sha256_(remote.file.sha256) {}

  Expected<void> run();

 private:
  // What one try came to. Neither: all bytes are there.
  struct Outcome {
    std::string try_again{};       // why, in words
    std::optional<Error> error{};  // no other try would help
    std::optional<std::chrono::seconds> asked_wait{};
  };

  Outcome attempt();
  HttpRequest request() const;
  bool begin(const HttpAnswer& answer);
  bool accept_whole(const HttpAnswer& answer);
  bool accept_rest(const HttpAnswer& answer);
  bool learn(const HttpAnswer& answer, std::optional<std::uint64_t> all);
  bool take(std::string_view bytes);
  Outcome judge(const HttpResult& result);
  Outcome judge_length();
  Expected<void> wait(const std::string& why, std::chrono::milliseconds pause);
  Expected<bool> verify();
  Error give_up(const std::string& reason) const;
  Error changed(const std::string& how) const;
  bool stop_with(Error error);
  bool stop_and_try_again(std::string why);
  void report(DownloadProgress::Phase phase, std::uint64_t done, std::string reason = {}) const;

  const RemoteFile& remote_;
  const Asked asked_;
  PartFile part_;
  const DownloadOptions& options_;
  const CancelFlag& cancel_;
  std::optional<std::uint64_t> expected_bytes_;
  bool bytes_are_certain_;  // not only what one connection promised
  std::string expected_sha256_;
  bool resumed_ = false;   // some of it is an earlier connection's
  bool received_ = false;  // anything, in this run
  Outcome said_while_receiving_{};
};

Expected<void> Download::run() {
  std::uint64_t highest = part_.size();
  resumed_ = highest > 0;
  for (Patience patience(options_.tries);;) {
    Outcome outcome;
    if (!(expected_bytes_ && part_.size() == *expected_bytes_)) outcome = attempt();
    if (outcome.error) return tl::unexpected(*outcome.error);
    if (outcome.try_again.empty()) {
      const auto whole = verify();
      if (!whole) return tl::unexpected(whole.error());
      if (*whole) return part_.finish();
      outcome.try_again = "the bytes of two connections do not fit together";
    }
    if (part_.size() >= highest + kWorthMoreTries) patience.renew();
    highest = std::max(highest, part_.size());
    const auto pause = patience.after_failure(outcome.asked_wait);
    if (!pause) return tl::unexpected(give_up(outcome.try_again));
    if (auto waited = wait(outcome.try_again, *pause); !waited) return waited;
  }
}

HttpRequest Download::request() const {
  HttpRequest request{.url = remote_.url, .token = options_.token, .stall = options_.stall};
  const bool can_tell = is_strong(part_.etag()) || !expected_sha256_.empty();
  if (part_.size() > 0 && can_tell) {
    request.range_from = part_.size();
    if (is_strong(part_.etag())) request.if_range = part_.etag();
  }
  return request;
}

Download::Outcome Download::attempt() {
  said_while_receiving_ = {};
  resumed_ = resumed_ || part_.size() > 0;
  report(DownloadProgress::Phase::fetching, part_.size());
  const HttpReceiver receiver{[this](const HttpAnswer& answer) { return begin(answer); },
                              [this](std::string_view bytes) { return take(bytes); }};
  return judge(options_.http(request(), receiver, cancel_));
}

bool Download::begin(const HttpAnswer& answer) {
  if (answer.status == 200) return accept_whole(answer);
  if (answer.status == 206) return accept_rest(answer);
  return false;  // an error page: judge() reads the status
}

bool Download::accept_whole(const HttpAnswer& answer) {
  if (!learn(answer, answer.length)) return false;
  resumed_ = false;
  const auto restarted = part_.restart(answer.etag);
  return restarted || stop_with(restarted.error());
}

bool Download::accept_rest(const HttpAnswer& answer) {
  const auto range = parse_content_range(answer.content_range);
  const bool same = !is_strong(answer.etag) || !is_strong(part_.etag()) || answer.etag == part_.etag();
  if (!range || range->from != part_.size() || !same) {
    const auto restarted = part_.restart({});
    return restarted ? stop_and_try_again("the rest is not of the same content")
                     : stop_with(restarted.error());
  }
  return learn(answer, range->all);
}

// What the server says of the file, against what is known of it.
bool Download::learn(const HttpAnswer& answer, std::optional<std::uint64_t> all) {
  if (const std::string linked = unquoted(answer.linked_etag); is_sha256(linked)) {
    if (expected_sha256_.empty()) expected_sha256_ = linked;
    if (expected_sha256_ != linked) return stop_with(changed("SHA-256"));
  }
  if (answer.linked_bytes) {
    if (bytes_are_certain_ && *expected_bytes_ != *answer.linked_bytes) return stop_with(changed("length"));
    expected_bytes_ = answer.linked_bytes;
    bytes_are_certain_ = true;
  }
  if (!bytes_are_certain_ && (all || answer.status == 200)) expected_bytes_ = all;
  if (all && *all != *expected_bytes_) {
    return stop_and_try_again("the server promises " + format_size(*all) + " instead of " +
                              format_size(*expected_bytes_));
  }
  return true;
}

bool Download::take(std::string_view bytes) {
  received_ = true;
  // Cut before the magic is complete, it is read again from the start of the next try.
  if (part_.size() < kMagic.size()) {
    const auto head = bytes.substr(0, kMagic.size() - part_.size());
    if (kMagic.substr(part_.size(), head.size()) != head) {
      part_.discard();
      return stop_with({ErrorCode::invalid_argument,
                        asked_.what + ": what " + host_of(remote_.url) +
                            " sends is not a GGUF file; check the name, and whether a login page or a proxy "
                            "answers in its place"});
    }
  }
  if (expected_bytes_ && part_.size() + bytes.size() > *expected_bytes_) {
    const auto restarted = part_.restart({});
    return restarted ? stop_and_try_again("more came than the file has") : stop_with(restarted.error());
  }
  if (auto kept = part_.append(bytes); !kept) return stop_with(kept.error());
  report(DownloadProgress::Phase::fetching, part_.size());
  return true;
}

Download::Outcome Download::judge(const HttpResult& result) {
  if (said_while_receiving_.error || !said_while_receiving_.try_again.empty()) return said_while_receiving_;
  if (result.answer.status == 416) {
    if (auto restarted = part_.restart({}); !restarted) return {.error = restarted.error()};
    return {.try_again = "the server has less than what came before"};
  }
  if (std::string why = passing_trouble(result, asked_); !why.empty()) {
    if (result.trouble == HttpTrouble::no_such_host && !received_) {  // waiting would not help
      return {.error = Error{ErrorCode::io, asked_.what + ": " + why}};
    }
    return {.try_again = std::move(why), .asked_wait = result.answer.retry_after};
  }
  const bool served = result.answer.status == 200 || result.answer.status == 206;
  if (result.trouble != HttpTrouble::none || !served) return {.error = lasting_trouble(result, asked_)};
  return judge_length();
}

Download::Outcome Download::judge_length() {
  if (part_.size() == 0) return {.try_again = "the server sent nothing"};
  if (expected_bytes_ && part_.size() < *expected_bytes_) {
    return {.try_again = "the file ended early"};
  }
  return {};
}

// False: wrong, but only because it was put together from several tries; emptied for a new one.
Expected<bool> Download::verify() {
  if (!expected_sha256_.empty()) {
    report(DownloadProgress::Phase::checking, 0);
    const auto sha256 = sha256_of(part_.path(), cancel_, [this](std::uint64_t done) {
      report(DownloadProgress::Phase::checking, done);
    });
    if (!sha256) return tl::unexpected(sha256.error());
    if (*sha256 != expected_sha256_) {
      if (std::exchange(resumed_, false)) {
        if (auto restarted = part_.restart({}); !restarted) return tl::unexpected(restarted.error());
        return false;
      }
      part_.discard();
      return tl::unexpected(Error{ErrorCode::invalid_argument,
                                  asked_.what + ": the SHA-256 of what came is " + *sha256 + " instead of " +
                                      expected_sha256_ + "; nothing of it was kept"});
    }
  }
  if (options_.check) {
    if (auto checked = options_.check(part_.path()); !checked) {
      part_.discard();
      return tl::unexpected(checked.error());
    }
  }
  return true;
}

Expected<void> Download::wait(const std::string& why, std::chrono::milliseconds pause) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause).count();
  report(DownloadProgress::Phase::waiting, part_.size(),
         why + "; trying again in " + std::to_string(seconds) + " s");
  if (!options_.wait(pause)) return fail(ErrorCode::cancelled, asked_.what + ": stopped");
  return {};
}

Error Download::give_up(const std::string& reason) const {
  std::string message = asked_.what + ": " + reason + ", " + std::to_string(options_.tries) +
                        " times in a row; pull again later";
  if (part_.size() > 0) message += ", it goes on from " + format_size(part_.size());
  return {ErrorCode::io, std::move(message)};
}

Error Download::changed(const std::string& how) const {
  return {ErrorCode::invalid_argument,
          asked_.what + ": the server has another " + how +
              " than the catalogue; take it as it is there with plimsoll pull hf:" + remote_.repository};
}

bool Download::stop_with(Error error) {
  said_while_receiving_.error = std::move(error);
  return false;
}

bool Download::stop_and_try_again(std::string why) {
  said_while_receiving_.try_again = std::move(why);
  return false;
}

void Download::report(DownloadProgress::Phase phase, std::uint64_t done, std::string reason) const {
  if (options_.on_progress) {
    options_.on_progress({phase, file_name(remote_.file), done, expected_bytes_, std::move(reason)});
  }
}

}  // namespace

Expected<void> download(const RemoteFile& remote, const fs::path& target, const DownloadOptions& options,
                        const CancelFlag& cancel) {
  auto part = PartFile::open(target);
  if (!part) return tl::unexpected(part.error());
  DownloadOptions settled = options;
  if (!settled.http) settled.http = http_get;
  if (!settled.wait) settled.wait = wait_by_clock(cancel);
  return Download(remote, std::move(*part), settled, cancel).run();
}

}  // namespace plimsoll::models
