#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/openmp_wait.h"
#include "memory/heap.h"
#include "prove/trial.h"
#include "server/worker.h"
#include "server/worker_process.h"

namespace {

using plimsoll::cli::ExitCode;

// --help and --version are exceptions to CLI11 too, with the exit code 0.
int explain_usage(const CLI::App& app, const CLI::ParseError& error, const std::string& first_word) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::string reason = error.what();
  if (app.get_subcommands().empty() && !first_word.starts_with('-')) {
    reason = (first_word.empty() ? "" : first_word + ": no such command; ") +
             "say what to do: run, chat, eval, serve, pull, models, watch, plan, device or prove";
  }
  std::cerr << "plimsoll: " << reason << "; see plimsoll --help\n";
  return static_cast<int>(ExitCode::usage);
}

// For people: no quotes.
std::string typed(int argc, char** argv) {
  std::string text = "plimsoll";
  for (int i = 1; i < argc; ++i) text += std::string(" ") + argv[i];
  return text;
}

int run(int argc, char** argv) {
  CLI::App app("Vision-language models inside little memory.", "plimsoll");
  app.set_version_flag("--version", "plimsoll " PLIMSOLL_VERSION);
  app.require_subcommand(1);

  plimsoll::cli::ModelOptions run_options;
  std::string prompt;
  CLI::App* run = app.add_subcommand("run", "Answer one question about pictures or a video");
  run_options.add_to(*run);
  run->add_option("prompt", prompt, "The question")->required()->type_name("PROMPT");

  plimsoll::cli::ModelOptions chat_options;
  CLI::App* chat = app.add_subcommand("chat", "Talk about pictures and videos, several turns");
  chat_options.add_to(*chat);

  plimsoll::cli::EvalOptions eval_options;
  CLI::App* eval =
      app.add_subcommand("eval", "Ask a set of questions and count the right answers, task by task");
  eval_options.add_to(*eval);

  plimsoll::cli::PullOptions pull_options;
  CLI::App* pull = app.add_subcommand("pull", "Fetch a model from Hugging Face");
  pull_options.add_to(*pull);

  plimsoll::cli::ModelsOptions models_options;
  CLI::App* models = app.add_subcommand("models", "Show which models are here and which can be fetched");
  models_options.add_to(*models);

  plimsoll::cli::ServeOptions serve_options;
  serve_options.server.version = PLIMSOLL_VERSION;
  CLI::App* serve =
      app.add_subcommand("serve", "Answer over HTTP, in OpenAI's and Ollama's words, with a page");
  serve_options.add_to(*serve);

  plimsoll::cli::DeviceOptions device_options;
  CLI::App* device =
      app.add_subcommand("device", "Show what memory this machine has, its class and configuration");
  device_options.add_to(*device);

  plimsoll::cli::PlanOptions plan_options;
  CLI::App* plan =
      app.add_subcommand("plan", "Show what a model takes on each class of device, loading nothing");
  plan_options.add_to(*plan);

  plimsoll::cli::WatchOptions watch_options;
  CLI::App* watch = app.add_subcommand("watch", "Watch who holds which memory in a program that is running");
  watch_options.add_to(*watch);

  plimsoll::cli::ProveOptions prove_options;
  CLI::App* prove =
      app.add_subcommand("prove", "Run the test plan on this machine and check every point of it");
  prove_options.add_to(*prove);

  // What plimsoll serve starts for its engine; no group: --help does not show it.
  CLI::App* worker = app.add_subcommand("engine-worker")->group("");
  std::string task;
  CLI::App* trial = app.add_subcommand("prove-trial")->group("");
  trial->add_option("task", task)->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain_usage(app, error, argc > 1 ? argv[1] : "");
  }
  if (device->parsed()) return plimsoll::cli::device_command(device_options);
  if (plan->parsed()) return plimsoll::cli::plan_command(plan_options);
  if (models->parsed()) return plimsoll::cli::models_command(models_options);
  if (pull->parsed()) {
    plimsoll::cli::Interrupt interrupt;
    return plimsoll::cli::pull_command(pull_options, interrupt);
  }
  if (watch->parsed()) {
    plimsoll::cli::Interrupt interrupt;
    return plimsoll::cli::watch_command(watch_options, interrupt);
  }
  if (prove->parsed()) {
    plimsoll::cli::Interrupt interrupt;
    return plimsoll::cli::prove_command(prove_options, "plimsoll " PLIMSOLL_VERSION, typed(argc, argv),
                                        interrupt);
  }
  plimsoll::cli::limit_openmp_spinning(argv);
  plimsoll::memory::keep_heap_small();
  if (trial->parsed()) return plimsoll::prove::run_trial_process(task);
  if (worker->parsed()) return plimsoll::server::run_worker(plimsoll::server::kWorkerDescriptor);
  plimsoll::cli::Interrupt interrupt;  // before the evaluator starts its threads
  if (eval->parsed()) return plimsoll::cli::eval_command(std::move(eval_options), interrupt);
  if (serve->parsed()) return plimsoll::cli::serve_command(serve_options, interrupt);
  return chat->parsed() ? plimsoll::cli::chat_command(chat_options, interrupt)
                        : plimsoll::cli::run_command(run_options, prompt, interrupt);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "plimsoll: " << error.what() << "\n";
    return static_cast<int>(ExitCode::other);
  }
}
