#include <iostream>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/ledger_socket.h"
#include "cli/report_json.h"
#include "cli/terminal.h"

namespace plimsoll::cli {

int run_command(const ModelOptions& options, const std::string& prompt, Interrupt& interrupt) {
  const bool json = options.json;
  auto session = session::open_session(options.session);
  if (!session) return report_error(session.error(), json);

  const LedgerSocket ledger(report::snapshots_of(*session));
  interrupt.call([&] { session->evaluator->cancel_generation(); });
  ProgressLine progress;
  PlanNotice notice(*session->evaluator);
  const auto show_text = [&](std::string_view text) {
    progress.clear();
    notice.show_once();
    if (!json) std::cout << text << std::flush;
  };
  Turn turn = first_turn(options);
  turn.prompt = prompt;
  auto result =
      session->evaluator->generate(make_request(options, {std::move(turn)}), show_text,
                                   [&](Stage, float, std::string_view text) { progress.show(text); });
  interrupt.call({});
  progress.clear();
  if (result) notice.show_once();
  if (!result) return report_error(result.error(), json);

  if (json) {
    std::cout << result_json(*session, *result) << std::endl;
  } else {
    std::cout << std::endl;
    std::cerr << figures_line(*session, *result) << std::endl;
  }
  if (!std::cout)
    return report_error({ErrorCode::io, "the answer could not be written to the output"}, false);
  return static_cast<int>(result->finish_reason == FinishReason::cancelled ? ExitCode::interrupted
                                                                           : ExitCode::ok);
}

}  // namespace plimsoll::cli
