"""Addresses of the laboratory."""

from django.urls import path

from songhua.web.lab import batch, field, instruments, samples, work

app_name = "lab"
urlpatterns = [
    path("lab/", work.shown, name="work"),
    path("lab/samples/", samples.listed, name="samples"),
    path("lab/samples/<str:barcode>/", samples.shown, name="sample"),
    path("lab/samples/<str:barcode>/hand/", samples.hand, name="hand"),
    path("lab/results/<int:result_id>/retest/", samples.retest, name="retest"),
    path("lab/batches/", batch.listed, name="batches"),
    path("lab/batches/new/", batch.new, name="batch_new"),
    path("lab/template/", batch.template, name="template"),
    path("lab/batches/<str:number>/", batch.shown, name="batch"),
    path("lab/batches/<str:number>/rows/", batch.upload, name="rows"),
    path("lab/batches/<str:number>/sign/", batch.sign, name="sign"),
    path("lab/batches/<str:number>/return/", batch.give_back, name="return"),
    path("lab/instruments/", instruments.listed, name="instruments"),
    path("lab/instruments/<str:code>/", instruments.shown, name="instrument"),
    path("lab/instruments/<str:code>/certificate/", instruments.certify, name="certify"),
    path("lab/labels/", field.labels, name="labels"),
    path("lab/field/", field.sheet, name="field"),
    path("lab/field/data.json", field.data, name="field_data"),
    path("lab/field/worker.js", field.worker, name="field_worker"),
]
