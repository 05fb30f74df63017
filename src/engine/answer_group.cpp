#include "engine/answer_group.h"

#include <algorithm>
#include <utility>

namespace plimsoll::engine {

void AnswerGroup::hold(std::unique_ptr<TextContext> context) {
  context_ = std::move(context);
  places_.clear();
  places_.resize(static_cast<std::size_t>(context_->size().sequences));
  reserved_.reset();
}

void AnswerGroup::drop_context() {
  context_.reset();
  reserved_.reset();
  std::erase_if(places_, [](const Place& place) { return !place.answer; });
  for (Place& place : places_) {
    place.held.clear();
    place.answer->shorten();
  }
}

// ---- places ---------------------------------------------------------------------------------------------

bool AnswerGroup::writing() const { return !places_in_use(false).empty(); }

bool AnswerGroup::has_room() const { return context_ && places_in_use(true).size() < places_.size(); }

std::vector<int> AnswerGroup::places_in_use(bool with_reserved) const {
  std::vector<int> in_use;
  for (int place = 0; place < places(); ++place) {
    if (is_writing(place) || (with_reserved && reserved_ == place)) in_use.push_back(place);
  }
  return in_use;
}

int AnswerGroup::free_place() const {
  int best = -1;
  for (int place = 0; place < places(); ++place) {
    if (is_writing(place)) continue;
    if (best < 0 || at(place).left < at(best).left) best = place;
  }
  return best;
}

void AnswerGroup::clear(int place) {
  if (!context_) return;
  if (!writing()) return drop_context();
  sequence(place).clear();
  at(place).held.clear();
  at(place).left = 0;
}

// ---- writing --------------------------------------------------------------------------------------------

void AnswerGroup::begin(int place, std::unique_ptr<Answer> answer) {
  at(place).answer = std::move(answer);
  if (reserved_ == place) reserved_.reset();
  if (at(place).answer->goes_on() && has_room_for_one(place)) {
    take(place, context_->logits());
  } else {
    end(place, {});
  }
}

bool AnswerGroup::has_room_for_one(int place) const {
  return context_ && context_->sequence(place).position() < context_->size().tokens;
}

void AnswerGroup::step() {
  end_what_can_not_go_on();
  const std::vector<int> writing = places_in_use(false);
  if (writing.empty()) return;
  const auto all = advance(writing);
  if (all) return;
  // What was too much for all of them, or one of them's own, is tried again one by one. Somebody's cancel
  // stopped the others' token too: they have it at the next step.
  const auto is_cancelled = [&](int place) { return at(place).answer->cancelled(); };
  if (std::any_of(writing.begin(), writing.end(), is_cancelled)) return end_what_can_not_go_on();
  for (const int place : writing) {
    const auto alone = writing.size() > 1 ? advance({place}) : all;
    if (!alone) end(place, alone);
  }
}

void AnswerGroup::end_what_can_not_go_on() {
  for (int place = 0; place < places(); ++place) {
    if (!is_writing(place)) continue;
    if (at(place).answer->cancelled()) {
      end(place, fail(ErrorCode::cancelled, "the generation was cancelled"));
    } else if (!has_room_for_one(place)) {
      end(place, {});
    }
  }
}

Expected<void> AnswerGroup::advance(const std::vector<int>& places) {
  std::vector<TextContext::Step> steps;
  std::vector<CancelFlagPtr> cancels;
  for (const int place : places) {
    steps.push_back({place, at(place).answer->token()});
    cancels.push_back(at(place).answer->cancel());
  }
  GovernedDevice& device = context_->model().device();
  in_step_ = true;
  auto before = device.listen_to(cancels);
  auto done = context_->step(steps, cancels.front());
  device.listen_to(std::move(before));
  in_step_ = false;
  if (!done) return done;
  for (const int place : places) held(place).push_back({.token = at(place).answer->token()});
  for (std::size_t i = 0; i < places.size(); ++i) take(places[i], context_->logits(i));
  return {};
}

void AnswerGroup::take(int place, std::span<float> logits) {
  Answer& answer = *at(place).answer;
  auto taken = answer.take(logits);
  if (!taken || !answer.goes_on() || !has_room_for_one(place)) end(place, taken);
}

// What a graph that was stopped left behind is of no use; what others left is.
void AnswerGroup::end(int place, Expected<void> done) {
  const auto answer = std::exchange(at(place).answer, nullptr);
  at(place).left = ++ended_;
  if (!done && context_) {
    const bool others_left = places() > 1 && done.error().code == ErrorCode::cancelled;
    if (reserved_ || writing() || others_left) {
      sequence(place).clear();
      held(place).clear();
      at(place).left = 0;
    } else {
      drop_context();
    }
  }
  answer->end(done);
}

// ---- less memory ----------------------------------------------------------------------------------------

bool AnswerGroup::narrow() {
  const std::vector<int> kept = places_in_use(true);
  if (!context_ || kept.empty() || kept.size() == places_.size()) return false;
  if (move(kept, context_->size().tokens)) return true;
  if (context_->get() == nullptr) drop_context();  // the answers end here
  return false;
}

bool AnswerGroup::shorten(int rest) {
  const std::vector<int> kept = places_in_use(true);
  if (!context_ || kept.empty()) return false;
  int longest = 0;
  for (const int place : kept) longest = std::max(longest, sequence(place).position());
  const int tokens = std::min(longest + rest, context_->size().tokens);
  if (tokens == context_->size().tokens) return narrow();
  for (const int place : kept) {
    if (is_writing(place)) at(place).answer->shorten();
  }
  if (!move(kept, tokens)) drop_context();  // the answers end here
  return true;
}

bool AnswerGroup::move(const std::vector<int>& kept, int tokens) {
  ContextSize size = context_->size();
  size.tokens = tokens;
  size.sequences = static_cast<int>(kept.size());
  if (!context_->move(kept, size)) return false;
  std::vector<Place> places;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (reserved_ == kept[i]) reserved_ = static_cast<int>(i);
    places.push_back(std::move(at(kept[i])));
  }
  places_ = std::move(places);
  return true;
}

}  // namespace plimsoll::engine
