// The body of POST /v1/chat/completions to a question. Blocking where a picture has to be fetched.
// Thread-safe.
#pragma once

#include "server/media_source.h"
#include "server/question.h"

namespace plimsoll::server {

/// `body` is taken apart. `fetcher` may be null.
ApiExpected<Question> read_openai_question(Json body, PictureFetcher* fetcher);

}  // namespace plimsoll::server
