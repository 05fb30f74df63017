#include "evaluator/text_stream.h"

#include <utility>

namespace plimsoll {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The length that a UTF-8 sequence has by its first byte; 1 for a byte that can not begin one.
std::size_t sequence_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xF0 && byte < 0xF8) return 4;
  if (byte >= 0xE0) return byte < 0xF0 ? 3 : 1;
  return byte >= 0xC0 ? 2 : 1;
}

}  // namespace

std::size_t incomplete_tail(std::string_view text) {
  std::size_t tail = 0;
  while (tail < text.size() && tail < 4) {
    const char c = text[text.size() - ++tail];
    if (!is_continuation(c)) return sequence_length(c) > tail ? tail : 0;
  }
  return 0;
}

void TextStream::push(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  pending_ += bytes;
  ++tokens_;
  if (due()) changed_.notify_one();
}

void TextStream::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

void TextStream::report(Stage stage, float share, std::string what) {
  std::lock_guard lock(mutex_);
  progress_ = {stage, share, std::move(what)};
  changed_.notify_one();
}

bool TextStream::due() const {
  return pending_.size() > incomplete_tail(pending_) &&
         (tokens_ >= kTokensPerUpdate || now_() - last_ >= kUpdateInterval);
}

TextStream::Update TextStream::wait() {
  std::unique_lock lock(mutex_);
  // Woken by time too: the last tokens before a slow one are shown while it is made.
  while (!closed_ && !progress_ && !due()) {
    if (pending_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, kUpdateInterval);
    }
  }
  Update update{.progress = std::exchange(progress_, {}), .closed = closed_};
  if (closed_ || due()) {
    const std::size_t kept = closed_ ? 0 : incomplete_tail(pending_);
    update.text = pending_.substr(0, pending_.size() - kept);
    pending_.erase(0, pending_.size() - kept);
    tokens_ = 0;
    last_ = now_();
  }
  return update;
}

}  // namespace plimsoll
