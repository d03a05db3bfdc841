"""The Qt application: draws what core computes, asks what core needs."""
