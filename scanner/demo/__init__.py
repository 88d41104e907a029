"""The main job without hardware: sample phones before the loop that ships."""
