"""Every address of the program."""

from django.urls import include, path

urlpatterns = [path("", include("parkway.web.urls"))]
handler400 = "parkway.web.errors.bad_request"
handler403 = "parkway.web.errors.forbidden"
handler404 = "parkway.web.errors.not_found"
handler429 = "parkway.web.errors.too_many"  # for the sign-in pages
handler500 = "parkway.web.errors.broken"
