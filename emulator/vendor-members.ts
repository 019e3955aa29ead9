/*
 * The vendor's answers carry one member per kind of task or event, all but one of them null. Names as in the official
 * SDK of August 2026.
 */

const TASK_NAMES = [
  "ProcedureTask",
  "EditMediaTask",
  "WechatPublishTask",
  "ComposeMediaTask",
  "SplitMediaTask",
  "WechatMiniProgramPublishTask",
  "PullUploadTask",
  "TranscodeTask",
  "ConcatTask",
  "ClipTask",
  "CreateImageSpriteTask",
  "SnapshotByTimeOffsetTask",
  "RemoveWatermarkTask",
  "RebuildMediaTask",
  "ExtractTraceWatermarkTask",
  "ExtractCopyRightWatermarkTask",
  "ReviewAudioVideoTask",
  "ReduceMediaBitrateTask",
  "DescribeFileAttributesTask",
  "QualityInspectTask",
  "QualityEnhanceTask",
  "ComplexAdaptiveDynamicStreamingTask",
  "ProcessMediaByMPSTask",
  "AigcImageTask",
  "AigcVideoTask",
  "ImportMediaKnowledge",
  "SceneAigcImageTask",
  "SceneAigcVideoTask",
  "ProcessImageAsyncTask",
  "ExtractBlindWatermarkTask",
  "CreateAigcAdvancedCustomElementTask",
  "CreateAigcCustomVoiceTask",
  "CreateAigcSubjectTask",
  "AigcVideoRedrawTask",
  "AigcAudioTask",
  "CreateAigcAudioCloneTask",
  "DescribeAigcFaceInfoAsyncTask",
];

const EVENT_NAMES = [
  "FileUploadEvent",
  "ProcedureStateChangeEvent",
  "FileDeleteEvent",
  "PullCompleteEvent",
  "EditMediaCompleteEvent",
  "SplitMediaCompleteEvent",
  "ComposeMediaCompleteEvent",
  "ClipCompleteEvent",
  "TranscodeCompleteEvent",
  "CreateImageSpriteCompleteEvent",
  "ConcatCompleteEvent",
  "SnapshotByTimeOffsetCompleteEvent",
  "WechatPublishCompleteEvent",
  "WechatMiniProgramPublishCompleteEvent",
  "RemoveWatermarkCompleteEvent",
  "RestoreMediaCompleteEvent",
  "RebuildMediaCompleteEvent",
  "ExtractTraceWatermarkCompleteEvent",
  "ExtractCopyRightWatermarkCompleteEvent",
  "ReviewAudioVideoCompleteEvent",
  "ReduceMediaBitrateCompleteEvent",
  "DescribeFileAttributesCompleteEvent",
  "QualityInspectCompleteEvent",
  "QualityEnhanceCompleteEvent",
  "MediaCastStatusChangedEvent",
  "PersistenceCompleteEvent",
  "ComplexAdaptiveDynamicStreamingCompleteEvent",
  "ProcessMediaByMPSCompleteEvent",
  "AigcImageCompleteEvent",
  "AigcVideoCompleteEvent",
  "ExtractBlindWatermarkComplete",
  "SceneAigcImageCompleteEvent",
  "ProcessImageAsyncCompleteEvent",
  "CreateAigcAdvancedCustomElementCompleteEvent",
  "CreateAigcCustomVoiceCompleteEvent",
  "DescribeAigcFaceInfoAsyncCompleteEvent",
];

/** Every member of DescribeTaskDetail's answer that holds a kind of task. */
export const TASK_MEMBERS: Record<string, null> = allNull(TASK_NAMES);

/** Every member of an EventContent that holds a kind of event. */
export const EVENT_MEMBERS: Record<string, null> = allNull(EVENT_NAMES);

function allNull(names: string[]): Record<string, null> {
  return Object.fromEntries(names.map((name) => [name, null]));
}
