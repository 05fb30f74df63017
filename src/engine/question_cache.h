// What earlier questions left behind for later ones: pictures as they were encoded, and the state of the
// language model behind a prompt's last picture. One list by age for both, within the pool's cache limit; the
// first to go when memory is short. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "engine/prompt.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

/// The KV cache behind the beginning of a prompt.
struct PromptPrefix {
  PromptParts parts;
  KvType kv_type = KvType::f16;
  Buffer state;
};
using PromptPrefixPtr = std::shared_ptr<const PromptPrefix>;

class QuestionCache {
 public:
  explicit QuestionCache(std::shared_ptr<MemoryPool> pool);

  /// nullptr: not there. What is found becomes the newest.
  EncodedPicturePtr find_picture(const PictureKey& key);
  /// The longest one that `prompt` begins with.
  PromptPrefixPtr find_prefix(std::span<const PromptPart> prompt, KvType kv_type);

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
