import { describe, expect, it } from "vitest";
import { faultOf, requestBytes } from "./attachment";

const file = (name: string, type: string, size: number): File => ({ name, type, size }) as File;

describe("faultOf", () => {
  it("takes pictures and videos", () => {
    expect(faultOf(file("a.jpg", "image/jpeg", 5), null)).toBeNull();
    expect(faultOf(file("a.mp4", "video/mp4", 5), null)).toBeNull();
  });
  it("refuses other files and empty ones, with what to do", () => {
    expect(faultOf(file("a.pdf", "application/pdf", 5), null)).toMatch(/neither a picture nor a video; choose/);
    expect(faultOf(file("a.png", "image/png", 0), null)).toMatch(/empty; choose/);
  });
  it("refuses what the server would not take", () => {
    const large = file("a.mp4", "video/mp4", 30 * 2 ** 20);
    expect(faultOf(large, null)).toBeNull();
    expect(faultOf(large, requestBytes(large.size))).toBeNull();
    expect(faultOf(large, requestBytes(large.size) - 1)).toMatch(/30\.0 MiB\) is larger than this server takes/);
  });
  it("counts the files beside it", () => {
    const picture = file("b.png", "image/png", 2 ** 20);
    expect(faultOf(picture, requestBytes(2 ** 21), 2 ** 20)).toBeNull();
    expect(faultOf(picture, requestBytes(2 ** 21) - 1, 2 ** 20)).toMatch(/does not fit beside the other pictures.*remove one/);
  });
  it("counts what base64 adds", () => expect(requestBytes(3 * 2 ** 20)).toBe(4 * 2 ** 20 + 1024));
});
