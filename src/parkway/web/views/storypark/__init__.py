"""The pages of Storypark."""
