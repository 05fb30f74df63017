#include "engine/question_cache.h"

#include <algorithm>
#include <utility>

namespace plimsoll::engine {

QuestionCache::QuestionCache(std::shared_ptr<MemoryPool> pool) : pool_(std::move(pool)) {}

EncodedPicturePtr QuestionCache::find_picture(const PictureKey& key) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (!entry->picture || entry->key != key) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->picture;
  }
  return nullptr;
}

FoundPrefix QuestionCache::find_prefix(std::span<const PromptPart> prompt, KvType kv_type, bool whole) {
  const std::lock_guard lock(mutex_);
  auto best = entries_.end();
  std::size_t most = 0;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (!entry->prefix || entry->prefix->kv_type != kv_type) continue;
    const PromptParts& parts = entry->prefix->parts;
    const std::size_t common = common_parts(parts, prompt);
    if (common <= most || (whole && common < parts.size())) continue;
    if (parts_through_pictures(prompt.first(common)) == 0) continue;
    best = entry;
    most = common;
  }
  if (best == entries_.end()) return {};
  entries_.splice(entries_.begin(), entries_, best);
  return {best->prefix, most};
}

void QuestionCache::keep(const PictureKey& key, EncodedPicturePtr picture) {
  // One that needs its encoder to be placed would not outlive it.
  if (!picture->counts_up()) return;
  const std::size_t bytes = picture->bytes();
  insert({.key = key, .picture = std::move(picture), .bytes = bytes});
}

void QuestionCache::keep(PromptPrefixPtr prefix) {
  const std::size_t bytes = prefix->state.size();
  insert({.prefix = std::move(prefix), .bytes = bytes});
}

bool QuestionCache::has_room_for(std::size_t bytes) const {
  const MemoryLedger ledger = pool_->ledger();
  if (bytes > ledger.cache_limit_bytes) return false;
  return !ledger.memory_limit_bytes || ledger.active_bytes + bytes <= *ledger.memory_limit_bytes;
}

void QuestionCache::insert(Entry entry) {
  const std::size_t limit = pool_->cache_limit();
  const std::lock_guard lock(mutex_);
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  while (bytes_ > limit) drop(std::prev(entries_.end()));
}

QuestionCache::Entries::iterator QuestionCache::drop(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  return entries_.erase(entry);
}

std::size_t QuestionCache::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  return std::exchange(bytes_, 0);
}

std::size_t QuestionCache::Kind::reclaimable_bytes() const {
  const std::lock_guard lock(cache_.mutex_);
  std::size_t bytes = 0;
  for (const Entry& entry : cache_.entries_) bytes += entry.rung() == rung_ ? entry.bytes : 0;
  return bytes;
}

std::size_t QuestionCache::Kind::reclaim(std::size_t target_bytes) {
  const std::lock_guard lock(cache_.mutex_);
  std::size_t given = 0;
  for (auto entry = cache_.entries_.end(); entry != cache_.entries_.begin() && given < target_bytes;) {
    --entry;
    if (entry->rung() != rung_) continue;
    given += entry->bytes;
    entry = cache_.drop(entry);
  }
  return given;
}

}  // namespace plimsoll::engine
