// Reads a letter's square with the camera, in browsers that can find one in a picture by themselves.

const EVERY = 200;

/** True where the browser reads squares and has cameras. */
export async function canScan() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return false;
  return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

/** Shows the camera in a video. `stop` ends it; `text` is what a square that begins so says, or null when it was stopped. */
export async function scan(video, prefix) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  let isOn = true;
  const stop = () => {
    isOn = false;
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  const look = async () => {
    while (isOn) {
      const found = (await detector.detect(video).catch(() => [])).find(({ rawValue }) => rawValue.startsWith(prefix));
      if (found) return found.rawValue;
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
    return null;
  };
  video.srcObject = stream;
  await video.play();
  return { stop, text: look().finally(stop) };
}
