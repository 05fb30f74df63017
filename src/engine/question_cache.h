// What earlier questions left behind for later ones: pictures as they were encoded, and the state of the
// language model behind prompts with pictures. One list by age for both, within the pool's cache limit; the
// first to go when memory is short. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "engine/prompt.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

/// The KV cache behind a prompt.
struct PromptPrefix {
  PromptParts parts;
  KvType kv_type = KvType::f16;
  Buffer state;
};
using PromptPrefixPtr = std::shared_ptr<const PromptPrefix>;

struct FoundPrefix {
  PromptPrefixPtr prefix;  // nullptr: none
  std::size_t parts = 0;   // of it that the prompt begins with too
};

class QuestionCache {
 public:
  explicit QuestionCache(std::shared_ptr<MemoryPool> pool);

  /// nullptr: not there. What is found becomes the newest.
  EncodedPicturePtr find_picture(const PictureKey& key);
  /// The one that has the most in common with `prompt`; `whole`: among those that it begins with from end to
  /// end. One that has no picture in common is not worth restoring.
  FoundPrefix find_prefix(std::span<const PromptPart> prompt, KvType kv_type, bool whole);

  void keep(const PictureKey& key, EncodedPicturePtr picture);
  void keep(PromptPrefixPtr prefix);

  /// Whether something of `bytes` could be kept without pushing anything out but older entries.
  bool has_room_for(std::size_t bytes) const;

  std::size_t clear();

  /// To be registered with the pool; they live as long as this.
  Reclaimer& pictures() { return pictures_; }
  Reclaimer& prefixes() { return prefixes_; }

 private:
  struct Entry {  // one of the two
    PictureKey key{};
    EncodedPicturePtr picture{};
    PromptPrefixPtr prefix{};
    std::size_t bytes = 0;

    ReclaimRung rung() const {
      return picture ? ReclaimRung::image_embeddings : ReclaimRung::prompt_prefixes;
    }
  };
  using Entries = std::list<Entry>;

  // One kind of entry as a step of the reclaim ladder.
  class Kind : public Reclaimer {
   public:
    Kind(QuestionCache& cache, ReclaimRung rung) : cache_(cache), rung_(rung) {}
    ReclaimRung rung() const override { return rung_; }
    std::string_view name() const override { return to_string(rung_); }
    std::size_t reclaimable_bytes() const override;
    std::size_t reclaim(std::size_t target_bytes) override;

   private:
    QuestionCache& cache_;
    ReclaimRung rung_;
  };

  void insert(Entry entry);
  Entries::iterator drop(Entries::iterator entry);

  std::shared_ptr<MemoryPool> pool_;
  mutable std::mutex mutex_;
  Entries entries_;  // newest first
  std::size_t bytes_ = 0;
  Kind pictures_{*this, ReclaimRung::image_embeddings};
  Kind prefixes_{*this, ReclaimRung::prompt_prefixes};
};

}  // namespace plimsoll::engine
