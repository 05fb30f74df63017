// The way to the server: the key, and errors as the sentences that it says.
import type { Denial, ErrorBody } from "./contract";

/** `code` is the server's, or "unreachable" where none answered. */
export class ApiError extends Error {
  constructor(message: string, readonly status: number, readonly code: string, readonly denial: Denial | null = null) {
    super(message);
    this.name = "ApiError";
  }
}

export function errorOf(body: ErrorBody, status: number): ApiError {
  return new ApiError(body.message, status, body.code ?? "", body.denial ?? null);
}

const KEY = "plimsoll-api-key";

export class Client {
  /** Called when the server asks for a key, or for another one. */
  onUnauthorized: () => void = () => undefined;

  setKey(key: string): void {
    sessionStorage.setItem(KEY, key);
  }

  hasKey(): boolean {
    return sessionStorage.getItem(KEY) !== null;
  }

  /** A response that is 2xx; everything else is thrown as an ApiError, an abort as what fetch() throws. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const key = sessionStorage.getItem(KEY);
    if (key) headers.set("Authorization", `Bearer ${key}`);
    let response: Response;
    try {
      response = await fetch(path, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiError("The server does not answer; see whether plimsoll serve still runs.", 0, "unreachable");
    }
    if (response.ok) return response;
    if (response.status === 401) this.onUnauthorized();
    throw await failureOf(response);
  }

  async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    return (await (await this.request(path, init)).json()) as T;
  }
}

async function failureOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const body = (JSON.parse(text) as { error: ErrorBody }).error;
    if (typeof body.message === "string") return errorOf(body, response.status);
  } catch {
    // Not the server's own words: a proxy's, perhaps.
  }
  const said = response.statusText || "no reason given";
  return new ApiError(`The server refused with ${response.status} (${said}).`, response.status, "");
}
