/** Advice where WebGPU is missing, by browser. */

const steps = [
  [
    /Firefox\//,
    "Firefox has WebGPU on Windows from version 141 and on macOS from 145; in about:config " +
    "dom.webgpu.enabled turns it on elsewhere, where it is not finished.",
  ],
  [
    /iPhone|iPad|Version\/[\d.]+ .*Safari\//,
    "Safari has WebGPU from version 26, on macOS 26, iOS 26 and iPadOS 26; update the system.",
  ],
  [
    /Linux.*(Chrome|Chromium)\//,
    "Chrome on Linux: open chrome://flags, enable “Unsafe WebGPU Support” and “Vulkan”, start it again.",
  ],
  [
    /(Chrome|Chromium|Edg)\//,
    "Chrome and Edge have WebGPU from version 113: update, and turn on hardware acceleration under " +
    "Settings, System.",
  ],
];

/** @param {string} agent the browser's name for itself */
export function adviceFor(agent) {
  return steps.find(([pattern]) => pattern.test(agent))?.[1] ??
    "Open this page in a current Chrome, Edge, Safari or Firefox.";
}
