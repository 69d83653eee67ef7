"""Storypark's addresses, below /storypark/SERVICE/."""

from django.urls import path

from parkway.web.views.storypark import account, profiles, rooms, stories

urls = [
    path("", profiles.index, name="storypark-children"),
    path("children/new/", profiles.add, name="storypark-child-add"),
    path("children/<int:number>/", profiles.profile, name="storypark-child"),
    path("children/<int:number>/history/", profiles.history, name="storypark-child-history"),
    path("children/<int:number>/edit/", profiles.edit, name="storypark-child-edit"),
    path("children/<int:number>/archive/", profiles.archive, name="storypark-child-archive"),
    path("children/<int:number>/restore/", profiles.restore, name="storypark-child-restore"),
    path("stories/", stories.index, name="storypark-stories"),
    path("stories/new/", stories.write, name="storypark-story-write"),
    path("stories/<int:number>/", stories.story, name="storypark-story"),
    path("stories/<int:number>/history/", stories.history, name="storypark-story-history"),
    path("stories/<int:number>/edit/", stories.edit, name="storypark-story-edit"),
    path("stories/<int:number>/publish/", stories.publish, name="storypark-story-publish"),
    path("rooms/", rooms.index, name="storypark-rooms"),
    path("rooms/<int:number>/", rooms.rename, name="storypark-room"),
    path("rooms/<int:number>/history/", rooms.history, name="storypark-room-history"),
    path("account/", account.index, name="storypark-account"),
    path("account/history/", account.history, name="storypark-account-history"),
    path("account/paid-children/", account.paid_children, name="storypark-paid-children"),
]
