// A photo is found however its folder was handed over, and none is taken for another.
import { describe, expect, it } from "vitest";
import { PhotoFolder } from "./photo-folder.js";

function file(path: string): File {
  const made = new File([path], path.split("/").at(-1)!);
  Object.defineProperty(made, "webkitRelativePath", { value: path.includes("/") ? path : "" });
  return made;
}

function folder(...paths: string[]): PhotoFolder {
  const photos = new PhotoFolder();
  photos.add(paths.map(file));
  return photos;
}

describe("PhotoFolder", () => {
  it("finds by path, by name, and by an id without ending", async () => {
    const photos = folder("set/a/1.jpg", "set/b/1.jpg", "loose.png");
    expect(await photos.find("set/b/1.jpg")?.text()).toBe("set/b/1.jpg");
    expect(await photos.find("1")?.text()).toBe("set/a/1.jpg");
    expect(await photos.find("./loose")?.text()).toBe("loose.png");
    expect(await photos.find("images\\loose.png")?.text()).toBe("loose.png");
    expect(photos.size).toBe(3);
  });

  it("does not guess", () => {
    const photos = folder("12.jpg");
    expect(photos.find("1")).toBeNull();
    expect(photos.find("")).toBeNull();
    expect(photos.find("12.png")).toBeNull();
    expect(photos.find("../../etc/passwd")).toBeNull();
  });

  it("takes letters for equal that look equal", () => {
    expect(folder("cafe\u0301.jpg").find("caf\u00e9.jpg")).not.toBeNull();
  });
});
