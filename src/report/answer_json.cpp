#include "report/answer_json.h"

namespace plimsoll::report {

Json timing_json(const GenerationTiming& t) {
  return {{"load_ms", t.load_ms},
          {"image_decode_ms", t.image_decode_ms},
          {"image_encode_ms", t.image_encode_ms},
          {"prefill_ms", t.prefill_ms},
          {"time_to_first_token_ms", t.time_to_first_token_ms},
          {"tokens", t.tokens},
          {"tokens_per_second", t.tokens_per_second}};
}

Json image_json(const ImageCost& image) {
  return {{"tiles", image.tiles}, {"tokens", image.tokens}, {"reused", image.reused}};
}

}  // namespace plimsoll::report
