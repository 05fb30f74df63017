// What all routes share. They are called on many threads; everything here is thread-safe.
#pragma once

#include <atomic>

#include "server/body_room.h"
#include "server/desk.h"
#include "server/engine_service.h"
#include "server/media_source.h"
#include "server/options.h"
#include "server/served_model.h"

namespace plimsoll::server {

struct Context {
  const ServerOptions& options;
  const ServedModel& model;
  EngineService& service;
  Desk& desk;
  BodyRoom& bodies;
  PictureFetcher* fetcher;  // nullptr: no pictures of other addresses
  std::atomic<bool>& stopping;
};

}  // namespace plimsoll::server
