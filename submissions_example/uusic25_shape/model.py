"""An algorithm as the UUSIC25 kit lays one out: a Model class, fixed paths, caches in HOME and beside the code.

Like many images built for that challenge, it writes into its home (/myhome) and into the folder of its code (/app),
and it does not know which user it runs as.
"""

import json
import os
from pathlib import Path

import numpy as np
from PIL import Image


class Model:
    def setup(self):
        """Unpack the 'weights' into a cache in HOME, and make a work folder beside the code."""
        cache = Path(os.environ["HOME"]) / ".cache" / "model"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "weights.json").write_text(json.dumps({"bright": 0.45, "steep": 12.0}))
        self.work = Path(__file__).resolve().parent / "work"
        self.work.mkdir(exist_ok=True)
        self.weights = json.loads((cache / "weights.json").read_text())

    def predict_segmentation_and_classification(self, data_list, input_dir, output_dir):
        class_predictions = {}
        for data in data_list:
            path = data["img_path_relative"]
            img = np.asarray(Image.open(input_dir + path).convert("L"))
            if data["task"] == "segmentation":
                mask_path = output_dir / path.replace("img", "mask")
                mask_path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(self.segment(img)).save(mask_path)
            elif data["task"] == "classification":
                num_classes = 4 if data["dataset_name"] == "Breast_luminal" else 2
                probability = self.classify(img, num_classes)
                class_predictions[path] = {"probability": probability, "prediction": int(np.argmax(probability))}
        draft = self.work / "classification.json"
        draft.write_text(json.dumps(class_predictions, indent=4))
        (output_dir / "classification.json").write_text(draft.read_text())

    def segment(self, img):
        """An ellipse in the middle, as wide as two fifths of the picture."""
        height, width = img.shape
        y, x = np.mgrid[0:height, 0:width]
        inside = ((x / width - 0.5) / 0.32) ** 2 + ((y / height - 0.5) / 0.25) ** 2 <= 1
        return (inside * 255).astype(np.uint8)

    def classify(self, img, num_classes):
        """Brighter pictures are more likely class 1; the other classes share what is left."""
        bright = float(1 / (1 + np.exp(-self.weights["steep"] * (img.mean() / 255 - self.weights["bright"]))))
        return [bright if index == 1 else (1 - bright) / (num_classes - 1) for index in range(num_classes)]


def main():
    data_list = json.loads(Path("/input_json").read_text())
    model = Model()
    model.setup()
    model.predict_segmentation_and_classification(data_list, "/input/", Path("/output"))


if __name__ == "__main__":
    main()
