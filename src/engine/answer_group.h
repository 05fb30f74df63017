// Answers that are written together: a context with a sequence for each, and a token for all of them at every
// step. What a sequence held when its answer ended stays in it for the next question that begins like that,
// until the place is wanted. Belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/answer.h"
#include "engine/prompt.h"
#include "engine/text_context.h"

namespace plimsoll::engine {

class AnswerGroup {
 public:
  TextContext* context() const { return context_.get(); }
  /// REQUIRES: nobody is writing.
  void hold(std::unique_ptr<TextContext> context);
  /// Answers that are being written end with what they have, for memory, at the next step().
  void drop_context();

  // ---- places: 0 and up, one for each sequence of the context ----

  bool writing() const;
  bool has_room() const;
  int places() const { return static_cast<int>(places_.size()); }
  bool is_writing(int place) const { return at(place).answer != nullptr; }
  TextSequence& sequence(int place) { return context_->sequence(place); }
  /// What the sequence holds, as far as it is known.
  PromptParts& held(int place) { return at(place).held; }

  /// The free place that is missed least. REQUIRES: has_room().
  int free_place() const;
  /// Keeps a place for a question that is being read. One at a time.
  void reserve(int place) { reserved_ = place; }
  /// Empty: nobody reserved one, or it was lost with the context. Its number may have changed.
  std::optional<int> reserved() const { return reserved_; }
  void release_reserved() { reserved_.reset(); }
  /// Forgets what a place holds; without any answer left the whole context goes.
  void clear(int place);

  // ---- writing ----

  /// The answer's first token comes from the context's last logits. It may end at once.
  void begin(int place, std::unique_ptr<Answer> answer);
  /// One token for every answer. A refused charge or a cancel ends only the answers that it concerns.
  void step();
  /// Whether step() is running: the context may not be touched.
  bool in_step() const { return in_step_; }

  // ---- less memory, between two steps ----

  /// Lets go of the places where nobody writes and none is reserved. Returns whether there were any.
  bool narrow();
  /// The same, and of what is beyond `rest` more tokens of the longest answer.
  bool shorten(int rest);

 private:
  struct Place {
    PromptParts held;
    std::unique_ptr<Answer> answer;
    std::uint64_t left = 0;  // the higher, the later its answer ended
  };
  Place& at(int place) { return places_[static_cast<std::size_t>(place)]; }
  const Place& at(int place) const { return places_[static_cast<std::size_t>(place)]; }
  std::vector<int> places_in_use(bool with_reserved) const;
  bool has_room_for_one(int place) const;
  void end_what_can_not_go_on();
  Expected<void> advance(const std::vector<int>& places);
  void take(int place, std::span<float> logits);
  void end(int place, Expected<void> done);
  bool move(const std::vector<int>& kept, int tokens);

  std::unique_ptr<TextContext> context_;
  std::vector<Place> places_;  // without a context: those of answers that are about to end
  std::optional<int> reserved_;
  std::uint64_t ended_ = 0;
  bool in_step_ = false;
};

}  // namespace plimsoll::engine
