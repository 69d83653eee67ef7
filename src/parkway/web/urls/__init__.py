"""The addresses of the pages. An address names a service by its slug, and never tells of a person."""

from django.urls import include, path

from parkway.web.urls import integrations, manage, storypark, support
from parkway.web.views import home
from parkway.web.views.manage import child

urlpatterns = [
    path("", home.home, name="home"),
    path("services/<slug:slug>/", home.service, name="service"),
    path("help/", home.help_page, name="help"),
    path("help/contact/", home.contact, name="contact"),
    path("accounts/email/", home.no_such_page),  # support knows under which address a person signs in
    path("accounts/", include("allauth.account.urls")),
    path("accounts/two-step/", include("allauth.mfa.urls")),
    path("manage/<int:service_id>/children/<path:child_id>", child.managed, name="managed"),
    path("manage/<slug:slug>/", include(manage.urls)),
    path("storypark/<slug:slug>/", include(storypark.urls)),
    path("storypark/<slug:slug>/integrations/", include(integrations.urls)),
    path("support/", include(support.urls)),
]
