import type { MediaFile } from "./media-files.ts";

/** A scene of glTF with nothing in it. */
export const GLB: MediaFile = {
  name: "aigcSceneGenFile.glb",
  contentType: "model/gltf-binary",
  container: "",
  width: 0,
  height: 0,
  bitrate: 0,
  durationSeconds: 0,
  md5: "133c3e8aee71b5dae4f5c40d98f8b36b",
  bytes: Uint8Array.from(atob("Z2xURgIAAAAwAAAAHAAAAEpTT057ImFzc2V0Ijp7InZlcnNpb24iOiIyLjAifX0g"), (character) =>
    character.charCodeAt(0),
  ),
};

/** What a 3D scene is made of, in the vendor's words; positions come as text in place of a file. */
export const SCENE_USAGES = ["position_info", "scene_url", "mesh_url", "mesh_simplified_url"] as const;
export const POSITIONS = JSON.stringify({ positions: [[0, 0, 0]] });

/** Hunyuan's version that makes scenes with the video action. */
export function makesScene({ ModelName, ModelVersion }: { ModelName: string; ModelVersion?: unknown }): boolean {
  return ModelName === "Hunyuan" && ModelVersion === "3d_2.0";
}
