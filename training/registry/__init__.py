"""Writing and signing model bundles: the other end of ``risk_service.models.bundle``."""

from training.registry.writer import BundleContent, TrainedModel, sign_bundle, write_bundle

__all__ = ["BundleContent", "TrainedModel", "sign_bundle", "write_bundle"]
