/* What must hold of every entry of the catalogue, whatever it says. */
import { describe, it } from "vitest";
import {
  type Allowed,
  catalogueModels,
  type CatalogueModel,
  modelId,
  type Mode,
  type Range,
  type RuleName,
} from "../../../src/vod/catalogue/index.ts";
import { check, outsideOf, PROBES, samplesOf } from "./ask.ts";

const VIDEO = {
  Kling: ["1.6", "2.0", "2.1", "2.5", "2.6", "O1", "3.0", "3.0-Omni", "3.0-turbo", "scene"],
  Vidu: [
    ..."q2 q2-pro q2-turbo q3 q3-pro q3-turbo q3-mix q3-drama q3-ad".split(" "),
    ..."scene avatar-q2-pro avatar-q2-turbo lip-sync".split(" "),
  ],
  Hailuo: ["02", "2.3", "2.3-fast", "H3", "H3_regen", "H3-Max"],
  GV: ["3.1", "3.1-fast", "3.1-lite", "omni"],
  OS: ["2.0"],
  PixVerse: ["v5.6", "v6", "c1", "lip_sync"],
  Hunyuan: ["1.5", "3d_2.0"],
  Mingmou: ["1.0"],
  Jimeng: ["3.0pro"],
  Seedance: ["1.0-pro", "1.0-lite-i2v", "1.0-pro-fast", "1.5-pro"],
  VS: ["2.0", "2.0-fast", "2.0-mini", "2.5"],
  H2: ["1.0", "1.1"],
  Wan: ["3.0", "3.0-prime"],
};
const OG_STYLES = ["sunburst", "flare"];
const OG_GRADES = ["low", "medium", "high", "xhigh", "max"];
const IMAGE = {
  OG: [
    "image2_low",
    "image2_medium",
    "image2_high",
    ...OG_STYLES.flatMap((style) => OG_GRADES.map((grade) => `image2.5_${style}_${grade}`)),
  ],
  GG: ["2.5", "3.0", "3.1", "3.1-lite"],
  Hunyuan: ["3.0", "3d_2.0", "3.5-preview"],
  Vidu: ["q2"],
  Kling: ["2.1", "3.0", "3.0-Omni", "O1", "scene"],
  Mingmou: ["1.0"],
  GEM: ["2.5", "3.0", "3.1", "3.1-lite"],
  Qwen: ["0925"],
  Jimeng: ["4.0"],
  SI: ["4.0", "4.5", "5.0-lite", "5.0-pro", "layer-5.0-pro"],
  Seedream: ["4.5", "5.0-lite"],
  MJ: ["v7", "v8.1", "v8.2", "niji_7"],
};

const MODELS = catalogueModels();
/** The rules of a model that list values, with how to ask for one. */
function rulesOf(model: CatalogueModel) {
  return Object.entries(model.constraints).flatMap(([rule, constraint]) => {
    const probe = PROBES[rule as RuleName];
    return probe ? [{ rule, constraint, probe }] : [];
  });
}

const at = (path: readonly (string | number)[]) => (finding: { path: readonly (string | number)[] }) =>
  finding.path.join() === path.join();

describe("the catalogue", () => {
  it("has every model and version", ({ expect }) => {
    const had = MODELS.map(({ media, name, version }) => `${media} ${name} ${version}`);
    const wanted = Object.entries({ video: VIDEO, image: IMAGE }).flatMap(([media, models]) =>
      Object.entries(models).flatMap(([name, versions]) => versions.map((version) => `${media} ${name} ${version}`)),
    );
    expect(had.toSorted()).toEqual(wanted.toSorted());
  });

  it("has one entry for an id and a medium", ({ expect }) => {
    const ids = MODELS.map(
      (model) => `${model.media} ${modelId({ ModelName: model.name, ModelVersion: model.version })}`,
    );
    expect(new Set(ids).size).toBe(MODELS.length);
  });

  it("tells the listed from the others", ({ expect }) => {
    const standing = (media: string, name: string, version: string) =>
      MODELS.find((model) => model.media === media && model.name === name && model.version === version)?.standing;
    expect(standing("video", "Kling", "3.0-turbo")).toBe("listed");
    expect(standing("video", "Jimeng", "3.0pro")).toBe("formerly_listed");
    expect(standing("image", "GEM", "3.0")).toBe("formerly_listed");
    expect(standing("video", "Wan", "3.0")).toBe("unlisted");
    expect(standing("image", "OG", "image2.5_flare_low")).toBe("unlisted");
  });
});

/** Every value that is asked for in turn, with the model, the rule and what was found at the value's place. */
function* asked(values: (model: CatalogueModel, rule: ReturnType<typeof rulesOf>[number]) => Iterable<Ask>) {
  for (const model of MODELS) {
    for (const rule of rulesOf(model)) {
      for (const { value, modes } of values(model, rule)) {
        const { path, request } = rule.probe;
        const findings = check(model, request(value, modes?.[0] ?? "text")).filter(at(path));
        const title = `${model.media} ${model.name} ${model.version}: ${rule.rule} ${value}`;
        // A prompt that is not too long may still need a file.
        yield { title, rule, findings: findings.filter(({ message }) => !message.includes("prompt alone")) };
      }
    }
  }
}

type Ask = { value: string | number; modes?: readonly Mode[] | undefined };

const each = ({ allowed, modes }: { allowed: Allowed; modes?: readonly Mode[] | undefined }): Ask[] =>
  samplesOf(allowed).map((value) => ({ value, modes }));

describe("every entry", () => {
  it("names a dated source for all it says", ({ expect }) => {
    for (const { namedBy, constraints, combinations } of MODELS) {
      const said = Object.values(constraints).flatMap(({ statements }) => statements);
      for (const sources of [namedBy, ...[...said, ...combinations].map((one) => one.sources)]) {
        expect(sources).not.toEqual([]);
        for (const { name, date } of sources) {
          expect(name).not.toBe("");
          expect(date).toMatch(/^\d{4}-\d{2}(-\d{2})?$/);
          expect(Date.parse(date)).not.toBeNaN();
        }
      }
    }
  });

  it("has nothing said against what it calls possible", ({ expect }) => {
    const possible = asked((_, { constraint }) =>
      each({ allowed: constraint.allowed, modes: constraint.statements[0]?.modes }),
    );
    for (const { title, findings } of possible) expect(findings, title).toEqual([]);
  });

  it("is refused nothing that any source allows", ({ expect }) => {
    const allowedBySome = asked((_, { constraint }) => constraint.statements.flatMap(each));
    for (const { title, findings } of allowedBySome)
      expect(
        findings.filter(({ kind }) => kind === "impossible"),
        title,
      ).toEqual([]);
  });

  it("says of what it excludes who says so and what is nearest", ({ expect }) => {
    const excluded = asked((_, { constraint }) => {
      const value = outsideOf(constraint.allowed);
      return value === undefined ? [] : [{ value, modes: constraint.statements[0]?.modes }];
    });
    for (const { title, rule, findings } of excluded) {
      const [finding] = findings;
      const { allowed } = rule.constraint;
      const possible = samplesOf(allowed);
      expect(finding?.allowed, title).toEqual(
        typeof allowed === "object" && "min" in allowed ? ends(allowed) : allowed,
      );
      expect(finding?.sources, title).not.toEqual([]);
      expect(finding?.message, title).toMatch(/^[A-Z].*\.$/);
      if (possible.length === 0) expect(finding, title).not.toHaveProperty("nearest");
      else expect(possible, title).toContain(finding?.nearest);
    }
  });

  it("is known to its own action", ({ expect }) => {
    for (const model of MODELS) {
      const kinds = check(model, {}).map(({ kind }) => kind);
      expect(kinds).not.toContain("unknown_model");
      expect(kinds).not.toContain("unknown_version");
    }
  });
});

const ends = ({ min, max }: Range) => ({ min, max });
