"""Small networks that train in seconds, for the embedded profile."""

from torch import Tensor, nn


class DigitsCNN(nn.Module):
    """Two 3×3 convolutions and a linear layer for 8×8 grey digits; about 12,000 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Linear(32 * 4 * 4, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, 10)` of images `(N, 1, 8, 8)` in [0, 1]."""
        return self.head(self.features(images).flatten(1))
