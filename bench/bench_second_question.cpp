// What a question about a picture costs when the picture was asked about before, in one process of the
// standard class: the time to the first token of the first question about a picture and of the second, and
// then of questions that go round four pictures. A hit is a question for which no tile went through the
// vision encoder. Prints one JSON object.
//
//   bench_second_question TEXT.gguf MMPROJ.gguf [PICTURES]
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/comparison/picture.h"
#include "bench/standard_class.h"
#include "cli/openmp_wait.h"

namespace {

using namespace plimsoll;

constexpr unsigned kRoundPictures = 4;
constexpr const char* kFirst = "Describe this image.";
constexpr const char* kLater[] = {"How many people are there?", "What colour is it?", "Is it indoors?"};

struct Asked {
  std::vector<double> first_ms;
  std::vector<double> later_ms;
  int hits = 0;  // of the later questions
};

class Asking {
 public:
  Asking(VlmEvaluator& evaluator, Asked& asked) : evaluator_(evaluator), asked_(asked) {}

  void first(unsigned picture) {
    asked_.first_ms.push_back(ask(picture, kFirst).timing.time_to_first_token_ms);
  }
  void later(unsigned picture, const char* question) {
    const GenerationResult result = ask(picture, question);
    asked_.later_ms.push_back(result.timing.time_to_first_token_ms);
    if (result.image.tiles == 0) ++asked_.hits;
  }

 private:
  GenerationResult ask(unsigned picture, const char* question) {
    const ImageSource source{bench::jpeg_picture(bench::kPictureWidth, bench::kPictureHeight, picture)};
    return bench::value_or_exit(evaluator_.generate(bench::greedy(question, {source}, 4)));
  }

  VlmEvaluator& evaluator_;
  Asked& asked_;
};

nlohmann::ordered_json json_of(const Asked& asked) {
  return {{"first_ms", asked.first_ms}, {"later_ms", asked.later_ms}, {"hits", asked.hits}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3)
    return std::fputs("usage: bench_second_question TEXT.gguf MMPROJ.gguf [PICTURES]\n", stderr), 2;
  cli::limit_openmp_spinning(argv);
  const unsigned pictures = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 5;
  VlmEvaluator evaluator(bench::standard_class(argv[1], argv[2]), MemoryPool::create());
  const ModelHandle model = bench::value_or_exit(evaluator.load());  // no part of the first question

  Asked one, four;
  for (unsigned picture = 0; picture < pictures; ++picture) {
    Asking asking(evaluator, one);
    asking.first(picture);
    asking.later(picture, kLater[0]);
  }
  Asking asking(evaluator, four);
  for (unsigned i = 0; i < kRoundPictures; ++i) asking.first(pictures + i);
  for (const char* question : kLater) {
    for (unsigned i = 0; i < kRoundPictures; ++i) asking.later(pictures + i, question);
  }
  std::printf("%s\n",
              nlohmann::ordered_json{{"one", json_of(one)}, {"of_four", json_of(four)}}.dump().c_str());
  return 0;
}
